/** H.264 in RTP (RFC 6184, packetization mode 1), read into access units in Annex B form. */

import { BitReader } from './bit-reader.ts';
import type { FrameSize } from './frame-size.ts';

const STAP_A = 24;
const FU_A = 28;
const START_CODE = Buffer.from([0, 0, 0, 1]);

export interface H264Payload {
  /** Data to append to the access unit, in Annex B form. */
  data: Buffer[];
  /** Contains the first byte of a sequence parameter set or an IDR slice. */
  keyFrame: boolean;
}

/** Parses a payload; undefined if it is malformed. */
export function parseH264(payload: Buffer): H264Payload | undefined {
  const head = payload[0];
  if (head === undefined) {
    return undefined;
  }
  const type = head & 0x1f;
  if (type === STAP_A) {
    const data: Buffer[] = [];
    let keyFrame = false;
    for (let at = 1; at + 2 < payload.length; ) {
      const length = payload.readUInt16BE(at);
      const unit = payload.subarray(at + 2, at + 2 + length);
      if (length === 0 || unit.length < length) {
        return undefined;
      }
      keyFrame ||= isKeyType((unit[0] as number) & 0x1f);
      data.push(START_CODE, unit);
      at += 2 + length;
    }
    return { data, keyFrame };
  }
  if (type === FU_A) {
    const position = payload[1];
    if (position === undefined) {
      return undefined;
    }
    const body = payload.subarray(2);
    if ((position & 0x80) === 0) {
      return { data: [body], keyFrame: false };
    }
    const unitHead = Buffer.of((head & 0x60) | (position & 0x1f));
    return { data: [START_CODE, unitHead, body], keyFrame: isKeyType(position & 0x1f) };
  }
  return { data: [START_CODE, payload], keyFrame: isKeyType(type) };
}

function isKeyType(nalType: number): boolean {
  return nalType === 5 || nalType === 7;
}

/** The NAL units of an Annex B access unit, without start codes. */
export function nalUnits(accessUnit: Buffer): Buffer[] {
  const starts: Array<{ code: number; unit: number }> = [];
  for (let at = accessUnit.indexOf('\0\0\x01'); at >= 0; at = accessUnit.indexOf('\0\0\x01', at + 3)) {
    starts.push({ code: at > 0 && accessUnit[at - 1] === 0 ? at - 1 : at, unit: at + 3 });
  }
  return starts
    .map(({ unit }, index) => accessUnit.subarray(unit, starts[index + 1]?.code ?? accessUnit.length))
    .filter((unit) => unit.length > 0);
}

const SEQUENCE_PARAMETER_SET = 7;
/** Profiles whose parameter sets have the fields of high profiles (ITU-T H.264 §7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128]);

/** The size in the sequence parameter set of an access unit in Annex B form (ITU-T H.264 §7.3.2.1.1); undefined where it has none. */
export function h264Size(accessUnit: Buffer): FrameSize | undefined {
  const unit = nalUnits(accessUnit).find(([head = 0]) => (head & 0x1f) === SEQUENCE_PARAMETER_SET);
  try {
    return unit && readSize(unit);
  } catch {
    return undefined;
  }
}

/** How a high profile codes its samples; null: another profile, which is always 4:2:0 in 8 bits. */
export interface H264Samples {
  /** `chroma_format_idc`: 0 none, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  lumaBits: number;
  chromaBits: number;
}

/** Reads it from a sequence parameter set, without start code; null also where it is cut off. */
export function h264Samples(unit: Buffer): H264Samples | null {
  if (!HIGH_PROFILES.has(unit[1] ?? 0)) {
    return null;
  }
  try {
    const bits = new BitReader(withoutEmulationPrevention(unit.subarray(4)));
    bits.exponential();
    const chromaFormat = bits.exponential();
    if (chromaFormat === 3) {
      bits.read(1);
    }
    return { chromaFormat, lumaBits: 8 + bits.exponential(), chromaBits: 8 + bits.exponential() };
  } catch {
    return null;
  }
}

function readSize(unit: Buffer): FrameSize | undefined {
  const bits = new BitReader(withoutEmulationPrevention(unit.subarray(4)));
  bits.exponential();
  let chromaFormat = 1;
  if (HIGH_PROFILES.has(unit[1] as number)) {
    chromaFormat = bits.exponential();
    bits.exponential();
    bits.exponential();
    bits.read(1);
    if (bits.read(1) === 1) {
      // Scaling matrices: no browser sends them.
      return undefined;
    }
  }
  bits.exponential();
  const orderType = bits.exponential();
  if (orderType === 0) {
    bits.exponential();
  } else if (orderType === 1) {
    return undefined;
  }
  bits.exponential();
  bits.read(1);
  const widthUnits = bits.exponential() + 1;
  const heightUnits = bits.exponential() + 1;
  const isFrameOnly = bits.read(1);
  if (isFrameOnly === 0) {
    bits.read(1);
  }
  bits.read(1);
  const [left, right, top, bottom] = bits.read(1)
    ? [bits.exponential(), bits.exponential(), bits.exponential(), bits.exponential()]
    : [0, 0, 0, 0];
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * (2 - isFrameOnly);
  return {
    width: 16 * widthUnits - cropX * (left + right),
    height: 16 * heightUnits * (2 - isFrameOnly) - cropY * (top + bottom),
  };
}

/** Removes the bytes that keep start codes out of a NAL unit (ITU-T H.264 §7.4.1). */
function withoutEmulationPrevention(unit: Buffer): Buffer {
  return Buffer.from(unit.filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0)));
}
