/** RTP payload formats: packetising the frames of clips. base/rtp/ parses them. */
import type { ClipCodec } from '../clip/index.ts';
import { packetizeH264 } from './h264.ts';
import type { Packetizer } from './packetizer.ts';
import { packetizeVp8 } from './vp8.ts';
import { packetizeVp9 } from './vp9.ts';

export type { Packetizer, PacketPayload, PictureNumbering } from './packetizer.ts';

/** One Opus frame per packet (RFC 7587). */
const packetizeOpus: Packetizer = (frame) => [{ pieces: [frame.data], marker: false }];

export const PACKETIZERS: Readonly<Record<ClipCodec, Packetizer>> = {
  opus: packetizeOpus,
  vp8: packetizeVp8,
  vp9: packetizeVp9,
  h264: packetizeH264,
};
