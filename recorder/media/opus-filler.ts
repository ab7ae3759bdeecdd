/** Silence as Opus packets (RFC 6716), in 10, 20 and 120 ms: CELT, fullband, mono. */

const FRAME = [0xff, 0xfe];
const PACKETS = [
  // Six frames of 20 ms and equal size in one packet (RFC 6716 §3.2.5).
  { durationMs: 120, data: Uint8Array.of(0xfb, 6, ...Array.from({ length: 6 }, () => FRAME).flat()) },
  { durationMs: 20, data: Uint8Array.of(0xf8, ...FRAME) },
  { durationMs: 10, data: Uint8Array.of(0xf0, ...FRAME) },
] as const;

export interface SilentPacket {
  data: Uint8Array;
  atMs: number;
  durationMs: number;
}

/** Silent packets from `fromMs` up to, and not beyond, `toMs`. */
export function* silence(fromMs: number, toMs: number): Generator<SilentPacket> {
  let atMs = fromMs;
  for (const { durationMs, data } of PACKETS) {
    for (; toMs - atMs >= durationMs; atMs += durationMs) {
      yield { data, atMs, durationMs };
    }
  }
}
