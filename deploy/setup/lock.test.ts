import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const module = fileURLToPath(new URL('lock.mjs', import.meta.url));

describe('withLock()', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('runs the work of several processes one after the other', async () => {
    const log = join(folder, 'log');
    const program = `
      import { appendFileSync } from 'node:fs';
      import { withLock } from ${JSON.stringify(module)};
      await withLock(${JSON.stringify(path)}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in ');
        await new Promise((resolve) => setTimeout(resolve, 20));
        appendFileSync(${JSON.stringify(log)}, 'out ');
      });`;
    const processes = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }),
    );
    const codes = await Promise.all(processes.map(async (child) => (await once(child, 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    assert.equal(readFileSync(log, 'utf8'), 'in out in out in out in out ');
    assert.ok(!existsSync(path));
  });

  test('takes over the lock of a process that has died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), String(pid));
    assert.equal(await withLock(path, async () => 'done'), 'done');
  });

  test('takes over a lock that nobody has touched for a while', async () => {
    mkdirSync(path);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(path, longAgo, longAgo);
    assert.equal(await withLock(path, async () => 'done'), 'done');
  });

  test('gives the lock back when the work fails', async () => {
    await assert.rejects(
      withLock(path, async () => {
        throw new Error('no');
      }),
      { message: 'no' },
    );
    assert.ok(!existsSync(path));
  });
});
