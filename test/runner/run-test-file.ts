import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileOutcome, Outcome } from './outcome.ts';
import { runProgram } from './run-program.ts';

const reporter = fileURLToPath(new URL('reporter.ts', import.meta.url));

/** Runs one test file in a process of its own. */
export async function runTestFile(root: string, path: string, timeoutMs: number): Promise<FileOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'canopy-test-report-'));
  try {
    const report = join(folder, 'report');
    const { status, output, durationMs } = await runProgram(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${report}`,
        path,
      ],
      { cwd: root, timeoutMs },
    );
    const { outcomes, told, unfinished } = read(report);
    // Node's own status for failed tests is 1: they are reported for themselves. A file that leaves something open
    // never ends, although all of its tests have passed.
    const failed = outcomes.some((outcome) => outcome.result === 'failed');
    if (status !== 0 && !(status === 1 && failed)) {
      const how =
        status === 'timed out' ? `had not ended after ${timeoutMs / 1000} s` : `ended with ${status}`;
      const during = unfinished.length > 0 ? `during "${unfinished.join('", "')}"` : 'outside of its tests';
      outcomes.push({ name: path, result: 'failed', durationMs, reason: `The file ${how}, ${during}.` });
    }
    return { path, outcomes, told, durationMs, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(report: string): { outcomes: Outcome[]; told: string[]; unfinished: string[] } {
  const outcomes: Outcome[] = [];
  const told: string[] = [];
  let begun: string[] = [];
  for (const line of textOf(report).split('\n')) {
    if (line === '') {
      continue;
    }
    const entry = parse(line);
    if (entry === undefined) {
      continue;
    }
    if ('begun' in entry) {
      begun.push(entry.begun);
    } else if ('told' in entry) {
      told.push(entry.told);
    } else {
      outcomes.push(entry);
      begun = begun.filter((name) => !entry.name.endsWith(name));
    }
  }
  return { outcomes, told, unfinished: begun };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended before its first test
  }
}

function parse(line: string): Outcome | { begun: string } | { told: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut off by the end of the process
  }
}
