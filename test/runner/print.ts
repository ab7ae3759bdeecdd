import { stripVTControlCharacters } from 'node:util';
import type { FileOutcome, Outcome } from './outcome.ts';

/** What a file printed is shown when it fails; a browser's log can be endless. */
const shownLines = 200;

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** One line for a file that has ended, and below it, where wanted, what its tests told. */
export function printFile(file: FileOutcome, withTold: boolean): void {
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
  if (withTold) {
    for (const line of file.told) {
      console.log(`     ${line}`);
    }
  }
}

/** The reasons of what was skipped, all failures in full, and the totals as the last line. */
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
