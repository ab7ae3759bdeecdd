/** The loudest tone in some samples. */
export interface HeardTone {
  frequencyHz: number;
  /** Of its amplitude, relative to a full scale of 32,768. */
  levelDb: number;
  /** Its power relative to everything else. */
  snrDb: number;
  /** The longest time at less than a tenth of its amplitude, to within 10 ms. */
  gapMs: number;
}

/** Nothing measured yet. */
export const NO_TONE: HeardTone = {
  frequencyHz: 0,
  levelDb: Number.NaN,
  snrDb: Number.NaN,
  gapMs: Number.NaN,
};

const COARSE_HZ = 10;
const LOWEST_HZ = 100;
const HIGHEST_HZ = 3400;

/** Least SNR of a tone, in dB. The codecs keep 24 or more; playout that adapts to the network's jitter shifts the tone, which costs most. */
const MIN_SNR_DB = 10;

/** Accepts this tone with little else and, if a level is given, within 3 dB of it. */
export function isTone(frequencyHz: number, levelDb?: number): (heard: HeardTone) => boolean {
  return (heard) =>
    Math.abs(heard.frequencyHz - frequencyHz) <= 3 &&
    heard.snrDb > MIN_SNR_DB &&
    (levelDb === undefined ? heard.levelDb > -45 : Math.abs(heard.levelDb - levelDb) <= 3);
}

/**
 * Measures the loudest tone in 16-bit samples to within 1 Hz: its frequency from a tenth of a second, its level and SNR from all samples.
 */
export function dominantTone(samples: Float64Array, rateHz: number): HeardTone {
  const coarse = loudest(samples.subarray(-rateHz / COARSE_HZ), rateHz, LOWEST_HZ, HIGHEST_HZ, COARSE_HZ);
  const { frequencyHz, amplitude } = loudest(
    samples,
    rateHz,
    coarse.frequencyHz - COARSE_HZ,
    coarse.frequencyHz + COARSE_HZ,
    0.5,
  );
  const rest = powerWithout(samples, rateHz, frequencyHz);
  return {
    frequencyHz,
    levelDb: 20 * Math.log10(amplitude / 32_768),
    snrDb: 10 * Math.log10((amplitude * amplitude) / 2 / Math.max(rest, 1e-3)),
    gapMs: longestGapMs(samples, rateHz, amplitude),
  };
}

function longestGapMs(samples: Float64Array, rateHz: number, amplitude: number): number {
  const length = rateHz / 100;
  let [gap, longest] = [0, 0];
  for (let from = 0; from + length <= samples.length; from += length) {
    const power =
      samples.subarray(from, from + length).reduce((sum, sample) => sum + sample * sample, 0) / length;
    gap = power < (amplitude / 10) ** 2 / 2 ? gap + 10 : 0;
    longest = Math.max(longest, gap);
  }
  return longest;
}

/** Mean power without the tone, which is removed by least squares per tenth of a second, since its phase may drift. */
function powerWithout(samples: Float64Array, rateHz: number, frequencyHz: number): number {
  const length = rateHz / 10;
  const step = (2 * Math.PI * frequencyHz) / rateHz;
  let sum = 0;
  for (let from = 0; from + length <= samples.length; from += length) {
    const part = samples.subarray(from, from + length);
    let [re, im] = [0, 0];
    for (const [n, sample] of part.entries()) {
      re += sample * Math.cos(step * n);
      im += sample * Math.sin(step * n);
    }
    for (const [n, sample] of part.entries()) {
      sum += (sample - (2 * (re * Math.cos(step * n) + im * Math.sin(step * n))) / length) ** 2;
    }
  }
  return sum / samples.length;
}

function loudest(samples: Float64Array, rateHz: number, fromHz: number, toHz: number, stepHz: number) {
  let best = { frequencyHz: 0, amplitude: 0 };
  for (let frequencyHz = fromHz; frequencyHz <= toHz; frequencyHz += stepHz) {
    const amplitude = amplitudeAt(samples, rateHz, frequencyHz);
    if (amplitude > best.amplitude) {
      best = { frequencyHz, amplitude };
    }
  }
  return best;
}

/** Amplitude at a frequency, under a Hann window so that neighbours of a loud tone stay small. */
function amplitudeAt(samples: Float64Array, rateHz: number, frequencyHz: number): number {
  const step = (2 * Math.PI * frequencyHz) / rateHz;
  const turn = { c: Math.cos(step), s: Math.sin(step) };
  let [c, s, re, im] = [1, 0, 0, 0];
  for (let n = 0; n < samples.length; n++) {
    const weight = 1 - Math.cos((2 * Math.PI * n) / samples.length);
    const sample = (samples[n] ?? 0) * weight;
    re += sample * c;
    im += sample * s;
    [c, s] = [c * turn.c - s * turn.s, s * turn.c + c * turn.s];
  }
  return (2 * Math.hypot(re, im)) / samples.length;
}
