import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findTests } from './find-tests.ts';
import type { Outcome } from './outcome.ts';
import { runTestFile } from './run-test-file.ts';

describe('the test runner', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-runner-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function outcomesOf(code: string, timeoutMs = 20_000): Promise<readonly Outcome[]> {
    writeFileSync(
      join(folder, 'a.test.mjs'),
      `import { describe, test, before } from 'node:test';\n${code}\n`,
    );
    return (await runTestFile(folder, 'a.test.mjs', timeoutMs)).outcomes;
  }

  test('counts passed, failed and skipped tests, with names and reasons', async () => {
    const outcomes = await outcomesOf(`
      describe('a suite', () => {
        test('passes', () => {});
        test('fails', () => { throw new Error('the reason'); });
      });
      test('is skipped', { skip: 'no phone here' }, () => {});`);
    assert.deepEqual(
      outcomes.map(({ name, result }) => [name, result]),
      [
        ['a suite › passes', 'passed'],
        ['a suite › fails', 'failed'],
        ['is skipped', 'skipped'],
      ],
    );
    assert.match(outcomes[1]?.reason ?? '', /the reason/);
    assert.equal(outcomes[2]?.reason, 'no phone here');
  });

  test('lets tests and the servers that they start find code that was compiled before', () => {
    assert.ok(getCompileCacheDir()?.startsWith(process.env.NODE_COMPILE_CACHE ?? '-'));
  });

  test('keeps the figures that tests report, but not the counts of node:test', async () => {
    writeFileSync(
      join(folder, 'a.test.mjs'),
      `import { test } from 'node:test'; test('measures', (t) => t.diagnostic('12 ms of 3 tests'));\n`,
    );
    const { figures } = await runTestFile(folder, 'a.test.mjs', 20_000);
    assert.deepEqual(figures, ['12 ms of 3 tests']);
  });

  test('counts a suite whose hook fails', async () => {
    const outcomes = await outcomesOf(`
      describe('a suite', () => {
        before(() => { throw new Error('no server'); });
        test('passes', () => {});
      });`);
    assert.ok(outcomes.some(({ result, reason }) => result === 'failed' && reason?.includes('no server')));
  });

  test('counts a file that crashes', async () => {
    const [outcome] = await outcomesOf(`process.exit(3);`);
    assert.equal(outcome?.result, 'failed');
    assert.match(outcome?.reason ?? '', /ended with 3/);
  });

  test('counts a file that cannot be loaded', async () => {
    const outcomes = await outcomesOf(`import './missing.mjs';`);
    assert.ok(outcomes.some(({ result }) => result === 'failed'));
  });

  test('ends a file that hangs, with everything it started, and names the test', async () => {
    const [outcome] = await outcomesOf(
      `import { spawn } from 'node:child_process';
       test('waits for ever', async () => {
         spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
         await new Promise(() => setInterval(() => {}, 1000));
       });`,
      4_000,
    );
    assert.equal(outcome?.result, 'failed');
    assert.match(outcome?.reason ?? '', /had not ended after 4 s, during "waits for ever"/);
  });

  test('reports a file that leaves something open after its tests', async () => {
    const outcomes = await outcomesOf(`test('passes', () => {}); setInterval(() => {}, 1000);`, 4_000);
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ['passed', 'failed'],
    );
  });

  test('separates unit tests, system tests, those that mostly wait, and long tests', () => {
    for (const path of [
      'sfu/a.test.ts',
      'test/calls/b.test.ts',
      'test/c.long.test.ts',
      'node_modules/x/d.test.ts',
    ]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), '');
    }
    writeFileSync(
      join(folder, 'test/e.test.ts'),
      '// Mostly waits: may run beside other tests.\nimport {};\n',
    );
    assert.deepEqual(findTests(folder, false), {
      unit: ['sfu/a.test.ts'],
      system: ['test/calls/b.test.ts'],
      waiting: ['test/e.test.ts'],
    });
    assert.deepEqual(findTests(folder, true), { unit: [], system: ['test/c.long.test.ts'], waiting: [] });
  });
});
