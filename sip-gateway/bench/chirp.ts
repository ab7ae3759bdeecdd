/** The burst for measuring delays: a tone that rises through the telephone band, so that its correlation has a single peak. */
const BURST_SECONDS = 0.1;
const FROM_HZ = 500;
const TO_HZ = 2_500;

export function chirp(sampleRate: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: BURST_SECONDS * sampleRate }, (_, i) => {
    const t = i / sampleRate;
    return Math.round(
      amplitude * Math.sin(2 * Math.PI * (FROM_HZ * t + ((TO_HZ - FROM_HZ) * t * t) / (2 * BURST_SECONDS))),
    );
  });
}

export interface Match {
  /** Position of the burst, in samples. */
  at: number;
  /** Correlation with the burst, 0 to 1. */
  similarity: number;
}

/** Finds a burst by cross-correlation. */
export function findChirp(samples: Int16Array, sampleRate: number): Match {
  const burst = chirp(sampleRate, 1_000);
  const burstEnergy = burst.reduce((sum, value) => sum + value * value, 0);
  let best: Match = { at: 0, similarity: 0 };
  for (let at = 0; at + burst.length <= samples.length; at++) {
    let product = 0;
    let energy = 1;
    for (let i = 0; i < burst.length; i++) {
      const value = samples[at + i] as number;
      product += value * (burst[i] as number);
      energy += value * value;
    }
    const similarity = Math.abs(product) / Math.sqrt(energy * burstEnergy);
    if (similarity > best.similarity) {
      best = { at, similarity };
    }
  }
  return best;
}
