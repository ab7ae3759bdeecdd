/**
 * The clip file format: the 8 bytes `canopyC1`, the header length (u32), the header (JSON, ClipInfo), then frames until the end. A frame
 * has: data length (u32), timestamp in ticks (u32), flags (u8), temporal layer (high 4 bits) and spatial layer (u8), audio level (u8), a
 * zero byte, and the data. Numbers are big-endian. Flags, from the lowest bit: key, discardable, layer sync, inter-layer predicted, not
 * used above, end of picture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Clip, ClipFrame, ClipInfo } from './clip.ts';

const MAGIC = Buffer.from('canopyC1');
const FRAME_HEAD_BYTES = 12;

const FLAG = {
  key: 1,
  discardable: 2,
  layerSync: 4,
  interLayerPredicted: 8,
  notUsedAbove: 16,
  endOfPicture: 32,
};

/** @throws {TypeError} if the bytes are not a clip */
export function decodeClip(bytes: Buffer): Clip {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new TypeError('not a clip');
  }
  const headLength = bytes.readUInt32BE(MAGIC.length);
  let offset = MAGIC.length + 4 + headLength;
  const info: ClipInfo = JSON.parse(bytes.toString('utf8', MAGIC.length + 4, offset));
  const frames: ClipFrame[] = [];
  while (offset + FRAME_HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    const flags = bytes[offset + 8] as number;
    const layers = bytes[offset + 9] as number;
    const start = offset + FRAME_HEAD_BYTES;
    if (start + length > bytes.length) {
      throw new TypeError('the clip is truncated');
    }
    const spatialLayer = layers & 0x0f;
    const key = (flags & FLAG.key) !== 0;
    frames.push({
      timestamp: bytes.readUInt32BE(offset + 4),
      key,
      temporalLayer: layers >> 4,
      spatialLayer,
      discardable: (flags & FLAG.discardable) !== 0,
      layerSync: (flags & FLAG.layerSync) !== 0,
      interLayerPredicted: (flags & FLAG.interLayerPredicted) !== 0,
      notUsedAbove: (flags & FLAG.notUsedAbove) !== 0,
      endOfPicture: (flags & FLAG.endOfPicture) !== 0,
      audioLevel: bytes[offset + 10] as number,
      ...(info.codec === 'vp9' && key && spatialLayer === 0 && { resolutions: info.resolutions ?? [] }),
      data: bytes.subarray(start, start + length),
    });
    offset = start + length;
  }
  if (!frames[0]?.key) {
    throw new TypeError('the clip does not start with a key frame');
  }
  return { info, frames };
}

export function encodeClip({ info, frames }: Clip): Buffer {
  const head = Buffer.from(JSON.stringify(info));
  const headLength = Buffer.alloc(4);
  headLength.writeUInt32BE(head.length);
  const parts: Buffer[] = [MAGIC, headLength, head];
  for (const frame of frames) {
    const frameHead = Buffer.alloc(FRAME_HEAD_BYTES);
    frameHead.writeUInt32BE(frame.data.length, 0);
    frameHead.writeUInt32BE(frame.timestamp, 4);
    for (const [name, bit] of Object.entries(FLAG)) {
      if (frame[name as keyof typeof FLAG]) {
        frameHead[8] = (frameHead[8] as number) | bit;
      }
    }
    frameHead[9] = (frame.temporalLayer << 4) | frame.spatialLayer;
    frameHead[10] = frame.audioLevel;
    parts.push(frameHead, frame.data);
  }
  return Buffer.concat(parts);
}

export async function readClip(file: string): Promise<Clip> {
  return decodeClip(await readFile(file));
}

export async function writeClip(file: string, clip: Clip): Promise<void> {
  await writeFile(file, encodeClip(clip));
}
