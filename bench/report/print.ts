import type { Summary } from './summary.ts';

/** Prints a report's figures on the terminal. */
export function printSummary(summary: Summary, folder: string, write: (line: string) => void): void {
  if (summary.invalid.length > 0) {
    write(`INVALID: ${summary.invalid.join('; ')}`);
  } else {
    for (const { label, value, goal } of [...summary.headline, ...summary.details]) {
      write(`  ${label.padEnd(52)}${String(value).padStart(12)}${goal ? `   goal ${goal}` : ''}`);
    }
  }
  write(`report: ${folder}/${summary.name}.html, .json, .csv`);
}
