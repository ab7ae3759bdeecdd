import type { types } from 'mediasoup-client';
import type { MediaSource } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';

/** Video codecs that a publication may ask for. */
export type VideoCodec = 'vp8' | 'vp9' | 'h264' | 'av1';

export interface ProfileRequest {
  kind: 'audio' | 'video';
  source: MediaSource;
  /** Default `vp8`. */
  codec?: VideoCodec;
  /** Several encodings (VP8, H264) or spatial layers (VP9). Default true for cameras, false for screens. */
  simulcast?: boolean;
  /** Screens: shows a video or a game rather than text, so smoothness matters more than sharpness. Default false. */
  motion?: boolean;
  /** Video size in pixels, if known: small video needs fewer encodings. Default 1280 × 720. */
  height?: number;
  width?: number;
  /** The browser is Firefox. Default false. */
  firefox?: boolean;
}

export interface Profile {
  encodings: types.RtpEncodingParameters[] | undefined;
  codecOptions: types.ProducerCodecOptions;
}

/** Bits per second of the encodings at a quarter, half and full size of 720p; each in three temporal layers. */
const CAMERA_LADDER = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_200_000 },
];
/** Bits per second of SVC up to each spatial layer, lowest first. */
const CAMERA_SVC_BITRATES_BPS = [150_000, 500_000, 1_500_000];
/** Screens: text must stay sharp, motion may suffer. The largest fits into a receiver's 2 Mbit/s beside the voices. */
const SCREEN_LADDER = [
  { scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_600_000 },
];
/**
 * From this many macroblocks on, Firefox sends a simulcast encoding only if the network carries 1.2 Mbit/s on top of the smaller encodings.
 * The ladder allows less than that, so 720p would never start. For one line of macroblocks less, Firefox asks for only 0.2 Mbit/s.
 */
const FIREFOX_LARGE_MACROBLOCKS = (1280 / 16) * (720 / 16);
const FIREFOX_SCALE_STEP = 0.005;
const SCREEN_FRAMES_PER_SECOND = { detail: 15, motion: 30 };
/** Kilobits per second that video starts with, instead of Chromium's 300. */
const START_BITRATE_KBPS = 1000;

/** How a track is encoded: simulcast for VP8 and H264, SVC for VP9 (a screen, and AV1, as L1T3), Opus with DTX and in-band FEC for speech. */
export function profileOf(request: ProfileRequest): Profile {
  const { kind, source, codec = 'vp8', simulcast, motion = false, firefox = false } = request;
  const { height = 720, width = (height * 16) / 9 } = request;
  if (kind === 'audio') {
    return source === 'screen-audio'
      ? { encodings: undefined, codecOptions: { opusStereo: true, opusFec: true, opusDtx: false } }
      : { encodings: undefined, codecOptions: { opusStereo: false, opusFec: true, opusDtx: true } };
  }
  const screen = source === 'screen';
  const several = simulcast ?? !screen;
  const largestScale = firefox && several ? firefoxScale(width, height) : 1;
  const encodings = videoEncodings(codec, screen, several, height).map((encoding) =>
    encoding.scaleResolutionDownBy === 1 ? { ...encoding, scaleResolutionDownBy: largestScale } : encoding,
  );
  const maxFramerate = SCREEN_FRAMES_PER_SECOND[motion ? 'motion' : 'detail'];
  return {
    encodings: screen ? encodings.map((encoding) => ({ ...encoding, maxFramerate })) : encodings,
    codecOptions: { videoGoogleStartBitrate: START_BITRATE_KBPS },
  };
}

function videoEncodings(
  codec: VideoCodec,
  screen: boolean,
  several: boolean,
  height: number,
): types.RtpEncodingParameters[] {
  if (codec === 'vp9' || codec === 'av1') {
    const maxBitrate = screen ? SCREEN_LADDER.at(-1)?.maxBitrate : CAMERA_SVC_BITRATES_BPS.at(-1);
    // L3T3_KEY does not suit screens: a late spatial layer would blur the text.
    return [
      {
        ...(maxBitrate && { maxBitrate }),
        scalabilityMode: several && !screen && codec === 'vp9' ? 'L3T3_KEY' : 'L1T3',
      },
    ];
  }
  const ladder = screen ? SCREEN_LADDER : CAMERA_LADDER;
  // Below 135 lines an encoding shows nothing that a person can use.
  const usable = ladder.filter(({ scaleResolutionDownBy }) => height / scaleResolutionDownBy >= 135);
  const chosen = several && usable.length > 0 ? usable : ladder.slice(-1);
  return chosen.map((encoding) => ({ ...encoding, scalabilityMode: 'L1T3' }));
}

/** How far Firefox must scale video down for it to start on usual networks. */
function firefoxScale(width: number, height: number): number {
  const blocks = (pixels: number, scale: number): number => Math.ceil(Math.floor(pixels / scale) / 16);
  let scale = 1;
  while (blocks(width, scale) * blocks(height, scale) >= FIREFOX_LARGE_MACROBLOCKS) {
    scale += FIREFOX_SCALE_STEP;
  }
  return Math.round(scale * 1000) / 1000;
}

/** The codec to send for a requested one. Firefox sends VP9 in one layer only, which everybody would get in full: it sends VP8. */
export function sentCodec(codec: VideoCodec | undefined, firefox: boolean): VideoCodec | undefined {
  return firefox && codec === 'vp9' ? 'vp8' : codec;
}

/** What changes in an encoding of SVC so that it sends its spatial layers up to `top`, the others at their size; without SVC nothing does. */
export function svcEncoding(
  encoding: types.RtpEncodingParameters,
  top: number,
): Pick<types.RtpEncodingParameters, 'scalabilityMode' | 'scaleResolutionDownBy' | 'maxBitrate'> {
  const [, spatial, temporal] = /^L(\d)T(\d)_KEY$/.exec(encoding.scalabilityMode ?? '') ?? [];
  if (!spatial) {
    return {};
  }
  const dropped = Math.max(0, Number(spatial) - 1 - top);
  const layers = Number(spatial) - dropped;
  const rate = CAMERA_SVC_BITRATES_BPS[layers - 1];
  return {
    scalabilityMode: layers === 1 ? `L1T${temporal}` : `L${layers}T${temporal}_KEY`,
    // Without this fewer layers would share the full size.
    scaleResolutionDownBy: 2 ** dropped,
    ...(rate !== undefined && { maxBitrate: rate }),
  };
}

/** The router's codec for a wish. Throws CODEC_UNSUPPORTED when the device or the room lacks it. */
export function chooseCodec(
  capabilities: types.RtpCapabilities,
  kind: 'audio' | 'video',
  codec: VideoCodec = 'vp8',
): types.RtpCodecCapability {
  const mimeType = kind === 'audio' ? 'audio/opus' : `video/${codec}`;
  const found = capabilities.codecs?.find((each) => each.mimeType.toLowerCase() === mimeType);
  if (!found) {
    throw new CanopyError('CODEC_UNSUPPORTED', mimeType);
  }
  return found;
}
