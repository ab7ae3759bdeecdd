/** H.264 in RTP, packetization mode 1 (RFC 6184). Frames are access units in Annex B form. */
import type { Packetizer, PacketPayload } from './packetizer.ts';
import { splitAboutEqually } from './split.ts';

const STAP_A = 24;
const FU_A = 28;
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** Aggregates parameter sets and other small NAL units as STAP-A; fragments a large one as FU-A. */
export const packetizeH264: Packetizer = (frame, _numbering, maxBytes) => {
  const payloads: PacketPayload[] = [];
  let small: Buffer[] = [];
  let smallBytes = 1;
  const flush = () => {
    if (small.length === 1) {
      payloads.push({ pieces: [small[0] as Buffer], marker: false });
    } else if (small.length > 1) {
      payloads.push({ pieces: aggregate(small), marker: false });
    }
    small = [];
    smallBytes = 1;
  };
  for (const unit of nalUnits(frame.data)) {
    if (smallBytes + 2 + unit.length > maxBytes) {
      flush();
    }
    if (unit.length + 3 > maxBytes) {
      payloads.push(...fragment(unit, maxBytes));
    } else {
      small.push(unit);
      smallBytes += 2 + unit.length;
    }
  }
  flush();
  const last = payloads.at(-1);
  if (last) {
    last.marker = true;
  }
  return payloads;
};

function aggregate(units: readonly Buffer[]): Uint8Array[] {
  const importance = Math.max(...units.map((unit) => (unit[0] as number) & 0x60));
  const pieces: Uint8Array[] = [Uint8Array.of(importance | STAP_A)];
  for (const unit of units) {
    pieces.push(Uint8Array.of(unit.length >> 8, unit.length & 0xff), unit);
  }
  return pieces;
}

function fragment(unit: Buffer, maxBytes: number): PacketPayload[] {
  const head = unit[0] as number;
  const split = splitAboutEqually(unit.subarray(1), maxBytes - 2);
  return split.map((piece, index) => {
    const position = (index === 0 ? 0x80 : 0) | (index === split.length - 1 ? 0x40 : 0);
    const indicator = Uint8Array.of((head & 0x60) | FU_A, position | (head & 0x1f));
    return { pieces: [indicator, piece], marker: false };
  });
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
