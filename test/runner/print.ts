import { stripVTControlCharacters } from 'node:util';
import type { FileOutcome, Outcome } from './outcome.ts';

/** How many lines of a failed file's output are shown: a browser's log can be endless. */
const shownLines = 200;

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Prints one line for a finished file and, if wanted, the figures of its tests below it. */
export function printFile(file: FileOutcome, withFigures: boolean): void {
  const count = (result: Outcome['result']) =>
    file.outcomes.filter((outcome) => outcome.result === result).length;
  const counts = (['passed', 'failed', 'skipped'] as const)
    .map((result) => ({ result, number: count(result) }))
    .filter(({ number }) => number > 0)
    .map(({ result, number }) => `${number} ${result}`);
  const mark = count('failed') > 0 ? 'FAIL' : 'ok  ';
  console.log(
    `${mark} ${file.path}: ${counts.join(', ') || 'no tests'} in ${(file.durationMs / 1000).toFixed(1)} s`,
  );
  if (withFigures) {
    for (const line of file.figures) {
      console.log(`     ${line}`);
    }
  }
}

/** Prints why tests were skipped, all failures in full, and the totals in the last line. */
export function printSummary(files: readonly FileOutcome[], durationMs: number): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcomes } of files) {
    for (const { result } of outcomes) {
      totals[result] += 1;
    }
  }
  for (const file of files) {
    for (const outcome of file.outcomes) {
      if (outcome.result === 'skipped') {
        console.log(`\nSkipped: ${file.path}: ${outcome.name}\n  ${outcome.reason}`);
      }
    }
  }
  for (const file of files) {
    const failures = file.outcomes.filter((outcome) => outcome.result === 'failed');
    if (failures.length === 0) {
      continue;
    }
    const output = stripVTControlCharacters(file.output).trimEnd().split('\n').slice(-shownLines).join('\n');
    if (output !== '') {
      console.log(`\nPrinted by ${file.path}:\n${output}`);
    }
    for (const failure of failures) {
      console.log(`\nFailed: ${file.path}: ${failure.name}\n${failure.reason}`);
    }
  }
  console.log(`\n${Math.round(durationMs / 1000)} s`);
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals;
}
