export const OPUS_RATES: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];

/** Rounds up to a multiple of 2.5 ms, which the decoder needs. @throws {RangeError} no samples, or more than 120 ms */
export function opusConcealSamples(samples: number, sampleRate: number): number {
  const unit = sampleRate / 400;
  if (!(Number.isInteger(samples) && samples > 0 && samples <= 48 * unit)) {
    throw new RangeError(`${samples} samples are not 1 to ${48 * unit}`);
  }
  return Math.ceil(samples / unit) * unit;
}
