import type { ClipFrame } from '../clip/index.ts';

/** Numbers that run on over all frames of a stream, whatever is skipped or repeated of its clip. */
export interface PictureNumbering {
  /** 15 bits. */
  pictureId: number;
  /** 8 bits: counts pictures of temporal layer 0. */
  tl0PicIdx: number;
}

/** The payload of one packet, in pieces that are written one after the other. */
export interface PacketPayload {
  pieces: Uint8Array[];
  marker: boolean;
}

/** Splits a frame into payloads of at most `maxBytes`. */
export type Packetizer = (frame: ClipFrame, numbering: PictureNumbering, maxBytes: number) => PacketPayload[];
