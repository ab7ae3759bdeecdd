/**
 * Runs the checks, the unit tests, the system tests and those of them that mostly wait, in this order, and closes with a line that counts
 * them.
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
/** How many unit tests run at once, and system tests that mostly wait. The other system tests run one at a time: they use the whole machine. */
const unitConcurrency = 3;
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
  await each(Object.keys(checks) as (keyof typeof checks)[], 1, (path) => runCheck(root, path));
}
await each(unit, unitConcurrency, (path) =>
  runTestFile(root, path, values.long ? longTimeoutMs : unitTimeoutMs),
);
const runSystemTest = (path: string) =>
  runTestFile(root, path, values.long ? longTimeoutMs : systemTimeoutMs);
await each(system, 1, runSystemTest);
await each(waiting, waitingConcurrency, runSystemTest);

const totals = printSummary(files, performance.now() - begun);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

/** Runs the selected `paths`, `concurrency` at a time. */
async function each<Path extends string>(
  paths: readonly Path[],
  concurrency: number,
  run: (path: Path) => Promise<FileOutcome>,
): Promise<void> {
  const waiting = paths.filter(isWanted);
  const lane = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const file = await run(path);
      // Long tests are run for their figures.
      printFile(file, values.long);
      files.push(file);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
