/**
 * Runs the checks, the unit tests and the system tests, in this order, and closes with a line that counts them. Those system tests that
 * mostly wait run beside the others.
 *
 *     npm test                       everything but *.long.test.ts
 *     npm test -- signaling/ ice     the files whose path contains one of these; checks are checks/style, ...
 *     npm run test:long              *.long.test.ts only
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checks, runCheck } from './runner/checks.ts';
import { findTests } from './runner/find-tests.ts';
import type { FileOutcome } from './runner/outcome.ts';
import { printFile, printSummary } from './runner/print.ts';
import { killAll } from './runner/run-program.ts';
import { runTestFile } from './runner/run-test-file.ts';

/** Time limit for a unit or system test file. */
const unitTimeoutMs = 300_000;
const systemTimeoutMs = 600_000;
/** Time limit for a long test file: the soak takes more than an hour. */
const longTimeoutMs = 7_200_000;
/** How many unit tests run at once. */
const unitConcurrency = 3;
/** How many system tests that mostly wait run once the others, which use the whole machine and run one at a time, have ended. */
const waitingConcurrency = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false } },
});
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const begun = performance.now();
const files: FileOutcome[] = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(1);
  });
}

const isWanted = (path: string): boolean =>
  positionals.length === 0 || positionals.some((part) => path.includes(part));
const { unit, system, waiting } = findTests(root, values.long);

if (!values.long) {
  const names = Object.keys(checks) as (keyof typeof checks)[];
  await each(names.filter(isWanted), 1, (path) => runCheck(root, path));
}
await each(unit.filter(isWanted), unitConcurrency, (path) =>
  runTestFile(root, path, values.long ? longTimeoutMs : unitTimeoutMs),
);
const runSystemTest = (path: string) =>
  runTestFile(root, path, values.long ? longTimeoutMs : systemTimeoutMs);
const stillWaiting = waiting.filter(isWanted);
const besideTheOthers = each(stillWaiting, 1, runSystemTest);
await each(system.filter(isWanted), 1, runSystemTest);
await Promise.all([besideTheOthers, each(stillWaiting, waitingConcurrency - 1, runSystemTest)]);

const totals = printSummary(files, performance.now() - begun);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

/** Takes `paths` out of their list and runs them, `concurrency` at a time. */
async function each<Path extends string>(
  paths: Path[],
  concurrency: number,
  run: (path: Path) => Promise<FileOutcome>,
): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
      const file = await run(path);
      // Long tests are run for their figures.
      printFile(file, values.long);
      files.push(file);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
