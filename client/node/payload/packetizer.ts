import type { ClipFrame } from '../clip/index.ts';

/** Counters that continue across all frames of a stream, even where the clip jumps. */
export interface PictureNumbering {
  /** 15 bits. */
  pictureId: number;
  /** 8 bits: counts pictures of temporal layer 0. */
  tl0PicIdx: number;
}

/** The payload of one packet, in pieces to be concatenated. */
export interface PacketPayload {
  pieces: Uint8Array[];
  marker: boolean;
}

/** Splits a frame into payloads of at most `maxBytes`. */
export type Packetizer = (frame: ClipFrame, numbering: PictureNumbering, maxBytes: number) => PacketPayload[];
