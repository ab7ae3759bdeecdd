/** The value that a `share` of all values does not exceed; NaN without values. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** One figure, with its unit in the label. */
export interface Figure {
  label: string;
  value: number | string;
  goal?: string;
}
