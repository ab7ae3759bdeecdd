/** Inspects Opus packets (RFC 6716 §3) without decoding them. */

export const OPUS_CLOCK_RATE = 48_000;
export const OPUS_MAX_TICKS = 5_760;

/** Frame duration in ticks of 48 kHz, by the configuration number in the first byte (RFC 6716 §3.1, table 2). */
function frameTicks(config: number): number {
  if (config < 12) {
    return [480, 960, 1920, 2880][config & 3] ?? 0;
  }
  if (config < 16) {
    return config & 1 ? 960 : 480;
  }
  return 120 << (config & 3);
}

/** Duration of a packet in ticks of 48 kHz. @throws {RangeError} it is empty, has no frame count, or exceeds 120 ms */
export function opusDurationTicks(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) {
    throw new RangeError('an Opus packet must not be empty');
  }
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 0x3f : 2;
  const ticks = frames * frameTicks(toc >> 3);
  if (frames === 0 || ticks > OPUS_MAX_TICKS) {
    throw new RangeError('a malformed Opus packet');
  }
  return ticks;
}

/**
 * Whether a packet carries redundancy for the one before it: the LBRR flags at the start of its first SILK frame (RFC 6716 §4.2.3, §4.2.4).
 * They have a probability of 1/2, so they are plain bits in its first byte.
 */
export function opusHasFec(packet: Uint8Array): boolean {
  const toc = packet[0];
  if (toc === undefined || toc >> 3 >= 16) {
    return false;
  }
  const code = toc & 3;
  // First byte of the first frame, after any frame lengths.
  const first =
    code === 0 || code === 1 ? packet[1] : code === 2 ? packet[(packet[1] ?? 0) >= 252 ? 3 : 2] : undefined;
  if (first === undefined) {
    return false;
  }
  const silkFrames = Math.max(1, frameTicks(toc >> 3) / 960);
  const middle = 0x80 >> silkFrames;
  const side = toc & 4 ? 0x80 >> (2 * silkFrames + 1) : 0;
  return (first & (middle | side)) !== 0;
}
