/** The burst that delays are measured with: a tone that rises through a telephone's band, so that it fits itself in one place only. */
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
  /** Where the burst begins, in samples. */
  at: number;
  /** Correlation with it, 0 to 1. */
  likeness: number;
}

/** Finds a burst by cross-correlation. */
export function findChirp(samples: Int16Array, sampleRate: number): Match {
  const burst = chirp(sampleRate, 1_000);
  const burstEnergy = burst.reduce((sum, value) => sum + value * value, 0);
  let best: Match = { at: 0, likeness: 0 };
  for (let at = 0; at + burst.length <= samples.length; at++) {
    let product = 0;
    let energy = 1;
    for (let i = 0; i < burst.length; i++) {
      const value = samples[at + i] as number;
      product += value * (burst[i] as number);
      energy += value * value;
    }
    const likeness = Math.abs(product) / Math.sqrt(energy * burstEnergy);
    if (likeness > best.likeness) {
      best = { at, likeness };
    }
  }
  return best;
}
