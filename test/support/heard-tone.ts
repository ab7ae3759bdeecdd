/** The loudest tone in some samples. */
export interface HeardTone {
  frequencyHz: number;
  /** Of its amplitude, full scale being 32,768. */
  levelDb: number;
  /** Its power over that of everything else. */
  snrDb: number;
}

const COARSE_HZ = 10;
const LOWEST_HZ = 100;
const HIGHEST_HZ = 3400;

/** Measures the loudest tone of 16-bit samples, to 1 Hz. */
export function dominantTone(samples: Float64Array, rateHz: number): HeardTone {
  const coarse = loudest(samples, rateHz, LOWEST_HZ, HIGHEST_HZ, COARSE_HZ);
  const { frequencyHz, amplitude } = loudest(
    samples,
    rateHz,
    coarse.frequencyHz - COARSE_HZ,
    coarse.frequencyHz + COARSE_HZ,
    0.5,
  );
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const tone = (amplitude * amplitude) / 2;
  return {
    frequencyHz,
    levelDb: 20 * Math.log10(amplitude / 32_768),
    snrDb: 10 * Math.log10(tone / Math.max(power - tone, 1e-3)),
  };
}

function loudest(samples: Float64Array, rateHz: number, fromHz: number, toHz: number, stepHz: number) {
  let best = { frequencyHz: 0, amplitude: 0 };
  for (let frequencyHz = fromHz; frequencyHz <= toHz; frequencyHz += stepHz) {
    const amplitude = amplitudeAt(samples, rateHz, frequencyHz);
    if (amplitude > best.amplitude) best = { frequencyHz, amplitude };
  }
  return best;
}

/** Under a Hann window, so that neighbours of a loud tone stay small. */
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
