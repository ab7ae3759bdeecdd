import { join } from 'node:path';
import type { FileOutcome } from './outcome.ts';
import { runProgram } from './run-program.ts';

/** Checks of the code besides its tests, most helpful first. */
export const checks = {
  'checks/style': {
    title: 'Biome finds no fault',
    program: '@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings'],
  },
  'checks/types': {
    title: 'TypeScript finds no fault',
    program: 'typescript/bin/tsc',
    args: ['--project', '.'],
  },
  'checks/unused': {
    title: 'Knip finds nothing unused',
    program: 'knip/bin/knip.js',
    args: ['--no-progress'],
  },
} as const;

const timeoutMs = 180_000;

export async function runCheck(root: string, path: keyof typeof checks): Promise<FileOutcome> {
  const { title, program, args } = checks[path];
  const { status, output, durationMs } = await runProgram(
    process.execPath,
    [join(root, 'node_modules', program), ...args],
    { cwd: root, timeoutMs },
  );
  const reason = `${program.replace(/\/.*\//, ' ')} ended with status ${status}`;
  const outcome =
    status === 0
      ? ({ name: title, result: 'passed', durationMs } as const)
      : ({ name: title, result: 'failed', durationMs, reason } as const);
  return { path, outcomes: [outcome], figures: [], durationMs, output };
}
