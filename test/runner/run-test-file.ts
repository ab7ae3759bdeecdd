import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileOutcome, Outcome } from './outcome.ts';
import { runProgram } from './run-program.ts';

const reporter = fileURLToPath(new URL('reporter.ts', import.meta.url));

/** Runs one test file in its own process. */
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
    const { outcomes, figures, unfinished } = read(report);
    // Status 1 means failed tests, which are reported separately. A file that leaves something open never ends,
    // although all its tests have passed.
    const failed = outcomes.some((outcome) => outcome.result === 'failed');
    if (status !== 0 && !(status === 1 && failed)) {
      const how =
        status === 'timed out' ? `had not ended after ${timeoutMs / 1000} s` : `ended with ${status}`;
      const during = unfinished.length > 0 ? `during "${unfinished.join('", "')}"` : 'outside of its tests';
      outcomes.push({ name: path, result: 'failed', durationMs, reason: `The file ${how}, ${during}.` });
    }
    return { path, outcomes, figures, durationMs, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(report: string): { outcomes: Outcome[]; figures: string[]; unfinished: string[] } {
  const outcomes: Outcome[] = [];
  const figures: string[] = [];
  let started: string[] = [];
  for (const line of textOf(report).split('\n')) {
    if (line === '') {
      continue;
    }
    const entry = parse(line);
    if (entry === undefined) {
      continue;
    }
    if ('started' in entry) {
      started.push(entry.started);
    } else if ('figure' in entry) {
      figures.push(entry.figure);
    } else {
      outcomes.push(entry);
      started = started.filter((name) => !entry.name.endsWith(name));
    }
  }
  return { outcomes, figures, unfinished: started };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended before its first test
  }
}

function parse(line: string): Outcome | { started: string } | { figure: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut off by the end of the process
  }
}
