import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { builtWorker, downloadedWorker, findWorker, packagedWorker, works } from './worker.mjs';

describe('the mediasoup worker', () => {
  const { MEDIASOUP_WORKER_BIN, MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD, XDG_CACHE_HOME } = process.env;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-worker-'));
    process.env.XDG_CACHE_HOME = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    restore('MEDIASOUP_WORKER_BIN', MEDIASOUP_WORKER_BIN);
    restore('MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD', MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD);
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

  test('is one built here rather than a downloaded one, and never that where the download is forbidden', async () => {
    delete process.env.MEDIASOUP_WORKER_BIN;
    const put = (path: string) => {
      mkdirSync(dirname(path), { recursive: true });
      renameSync(program('worker', 'exit 41'), path);
    };
    put(downloadedWorker());
    assert.ok([packagedWorker(), downloadedWorker()].includes(findWorker() ?? ''));
    process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD = '1';
    assert.equal(findWorker(), undefined);
    put(builtWorker());
    assert.equal(findWorker(), builtWorker());
    delete process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD;
    assert.equal(findWorker(), builtWorker());
  });

  test('is not silently another one when MEDIASOUP_WORKER_BIN is wrong', async () => {
    process.env.MEDIASOUP_WORKER_BIN = join(folder, 'missing');
    assert.throws(() => findWorker(), /MEDIASOUP_WORKER_BIN is .*missing/);
  });

  test('is kept in the cache, apart for each version and each way of getting it', () => {
    assert.match(
      downloadedWorker(),
      /\/canopy\/mediasoup-worker\/3\.\d+\.\d+-.*-prebuilt\/mediasoup-worker$/,
    );
    assert.match(builtWorker(), /\/canopy\/mediasoup-worker\/3\.\d+\.\d+-.*-built\/mediasoup-worker$/);
    assert.ok(builtWorker().startsWith(folder));
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
