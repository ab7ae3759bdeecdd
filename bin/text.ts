/** Formats a Unix time in milliseconds in UTC, to the minute. */
export function time(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
