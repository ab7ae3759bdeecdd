/** H.264 in RTP, packetization mode 1 (RFC 6184). Frames are access units in Annex B form. */
import { nalUnits } from '../../../base/rtp/index.ts';
import type { Packetizer, PacketPayload } from './packetizer.ts';
import { splitAboutEqually } from './split.ts';

const STAP_A = 24;
const FU_A = 28;

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
