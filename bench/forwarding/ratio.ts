/** 97.5 % quantiles of Student's t by degrees of freedom, from 1. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];
const T_BEYOND = 2.1;

export interface Ratio {
  /** Geometric mean. */
  mean: number;
  /** Limits of its 95 % interval; NaN with a single pair. */
  low: number;
  high: number;
}

/** The ratio of pairs of measurements that were made one after the other: the mean of the logarithms, with its 95 % interval. */
export function ratioOf(pairs: ReadonlyArray<readonly [of: number, to: number]>): Ratio {
  const logarithms = pairs.map(([of, to]) => Math.log(of / to));
  const n = logarithms.length;
  const mean = logarithms.reduce((sum, each) => sum + each, 0) / n;
  const variance = logarithms.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1);
  const margin = (T[n - 2] ?? T_BEYOND) * Math.sqrt(variance / n);
  return { mean: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin) };
}
