/** Test signals and their analysis. Levels are amplitudes of a sine, as sample values. */

export interface ToneOptions {
  frequencyHz: number;
  sampleRate: number;
  /** Default 8000. */
  amplitude?: number;
  /** Index of the first sample, so that a tone continues from buffer to buffer. Default 0. */
  from?: number;
}

export function sine(count: number, { frequencyHz, sampleRate, amplitude = 8_000, from = 0 }: ToneOptions) {
  const step = (2 * Math.PI * frequencyHz) / sampleRate;
  return Int16Array.from({ length: count }, (_, i) => Math.round(amplitude * Math.sin(step * (from + i))));
}

export interface ToneFit {
  frequencyHz: number;
  amplitude: number;
  /** Power of the fitted tone relative to everything else, in dB. */
  snrDb: number;
}

/** Fits one sine near `frequencyHz` to the samples: least squares over amplitude, phase and frequency. */
export function fitTone(samples: ArrayLike<number>, sampleRate: number, frequencyHz: number): ToneFit {
  // Golden-section search around the given frequency, as wide as the main lobe allows.
  const lobe = sampleRate / samples.length;
  let low = frequencyHz - lobe / 2;
  let high = frequencyHz + lobe / 2;
  const ratio = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 24; i++) {
    const a = high - ratio * (high - low);
    const b = low + ratio * (high - low);
    if (residual(samples, sampleRate, a).noise < residual(samples, sampleRate, b).noise) {
      high = b;
    } else {
      low = a;
    }
  }
  const frequency = (low + high) / 2;
  const { amplitude, noise } = residual(samples, sampleRate, frequency);
  return { frequencyHz: frequency, amplitude, snrDb: 10 * Math.log10(amplitude ** 2 / 2 / noise) };
}

function residual(samples: ArrayLike<number>, sampleRate: number, frequencyHz: number) {
  const step = (2 * Math.PI * frequencyHz) / sampleRate;
  let [cc, ss, cs, xc, xs] = [0, 0, 0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const c = Math.cos(step * i);
    const s = Math.sin(step * i);
    const x = samples[i] ?? 0;
    cc += c * c;
    ss += s * s;
    cs += c * s;
    xc += x * c;
    xs += x * s;
  }
  const determinant = cc * ss - cs * cs;
  const a = (xc * ss - xs * cs) / determinant;
  const b = (xs * cc - xc * cs) / determinant;
  let noise = 0;
  for (let i = 0; i < samples.length; i++) {
    noise += ((samples[i] ?? 0) - a * Math.cos(step * i) - b * Math.sin(step * i)) ** 2;
  }
  return { amplitude: Math.hypot(a, b), noise: noise / samples.length };
}

/** Mean SNR of segments of 250 ms, in dB. Unlike the SNR of fitTone(), jumps in phase hardly affect it. */
export function segmentalSnrDb(samples: Int16Array, sampleRate: number, frequencyHz: number): number {
  const length = sampleRate / 4;
  let sum = 0;
  let count = 0;
  for (let at = 0; at + length <= samples.length; at += length, count++) {
    const { amplitude, noise } = residual(samples.subarray(at, at + length), sampleRate, frequencyHz);
    sum += Math.max(-10, Math.min(60, 10 * Math.log10(amplitude ** 2 / 2 / noise)));
  }
  return sum / count;
}

export function rms(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    sum += (samples[i] ?? 0) ** 2;
  }
  return Math.sqrt(sum / Math.max(1, samples.length));
}

export function concat(parts: Int16Array[]): Int16Array {
  const out = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
