import { loadavg } from 'node:os';

/** One figure, with its unit in the label. */
export interface PhoneFigure {
  label: string;
  value: number | string;
  goal?: string;
}

/** The result of a measurement. */
export interface PhoneReport {
  headline: PhoneFigure[];
  details: PhoneFigure[];
  /** What the figures do not include. */
  notMeasured: string[];
  /** How the figures can mislead. */
  traps: string[];
  /** Whether every goal was met. */
  met: boolean;
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** A quantile. `share`: 0 to 1. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function machineFigure(): PhoneFigure {
  return { label: 'load average of the machine', value: round(loadavg()[0] ?? 0) };
}
