import { loadavg } from 'node:os';

/** One figure, with its unit in the label. */
export interface PhoneFigure {
  label: string;
  value: number | string;
  goal?: string;
}

/** What a measurement gave. */
export interface PhoneReport {
  headline: PhoneFigure[];
  details: PhoneFigure[];
  /** What the figures do not say, and what is in them. */
  notMeasured: string[];
  traps: string[];
  /** Whether every goal was met. */
  met: boolean;
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** The value below which a share of the values lies. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function machineFigure(): PhoneFigure {
  return { label: 'load average of the machine', value: round(loadavg()[0] ?? 0) };
}
