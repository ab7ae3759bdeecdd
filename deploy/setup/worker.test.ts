import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { builtWorker, findWorker, works } from './worker.mjs';
import { BuildProgress } from './worker-build.mjs';

describe('the mediasoup worker', () => {
  const { MEDIASOUP_WORKER_BIN, XDG_CACHE_HOME } = process.env;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-worker-'));
    process.env.XDG_CACHE_HOME = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    restore('MEDIASOUP_WORKER_BIN', MEDIASOUP_WORKER_BIN);
    restore('XDG_CACHE_HOME', XDG_CACHE_HOME);
  });

  function program(name: string, code: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${code}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  test('that the tests run with is a worker', async () => {
    assert.ok(MEDIASOUP_WORKER_BIN);
    assert.equal(works(MEDIASOUP_WORKER_BIN), true);
  });

  test('is told from other programs by its exit status', async () => {
    assert.equal(works(program('other', 'exit 0')), false);
    assert.equal(works(join(folder, 'missing')), false);
    assert.equal(works(folder), false);
  });

  test('is the one that MEDIASOUP_WORKER_BIN names', async () => {
    process.env.MEDIASOUP_WORKER_BIN = program('mine', 'exit 41');
    assert.equal(findWorker(), join(folder, 'mine'));
  });

  test('is otherwise only ever the one that was built with the patches', () => {
    delete process.env.MEDIASOUP_WORKER_BIN;
    assert.equal(findWorker(), undefined);
    mkdirSync(dirname(builtWorker()), { recursive: true });
    renameSync(program('worker', 'exit 41'), builtWorker());
    assert.equal(findWorker(), builtWorker());
  });

  test('is not silently another one when MEDIASOUP_WORKER_BIN is wrong', async () => {
    process.env.MEDIASOUP_WORKER_BIN = join(folder, 'missing');
    assert.throws(() => findWorker(), /MEDIASOUP_WORKER_BIN is .*missing/);
  });

  test('is kept in the cache, apart for each version', () => {
    assert.match(builtWorker(), /\/canopy\/mediasoup-worker\/3\.\d+\.\d+-.*-built\/mediasoup-worker$/);
    assert.ok(builtWorker().startsWith(folder));
  });

  test('says while it is built how many steps are done and how much time is left', () => {
    const progress = new BuildProgress();
    assert.equal(progress.toString(0), 'preparing');
    progress.read('[1/80] Compiling', 1_000);
    progress.read('[19/80] Compiling\n[20/80] Compi', 11_000);
    assert.equal(progress.toString(11_000), '20 of 80 steps done, about 30 s left');
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) {
    delete process.env[name];
  } else {
    process.env[name] = value;
  }
}
