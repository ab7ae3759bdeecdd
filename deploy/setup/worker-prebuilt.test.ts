import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { root } from './paths.mjs';
import { downloadedWorker, mediasoupFolder, works } from './worker.mjs';
import { downloadWorker } from './worker-prebuilt.mjs';

/** mediasoup's own script does the download here too, from a server of ours that has the worker the tests run with. */
describe('downloadWorker()', () => {
  const before = { ...process.env };
  let folder: string;
  let mediasoup: string;
  let server: Server;
  let asked: string[];
  let archive: Buffer | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-prebuilt-'));
    mediasoup = join(folder, 'node_modules', 'mediasoup');
    mkdirSync(mediasoup, { recursive: true });
    for (const name of ['package.json', 'npm-scripts.mjs']) {
      copyFileSync(join(mediasoupFolder(), name), join(mediasoup, name));
    }
    for (const name of ['node-fetch', 'tar']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    }
    asked = [];
    archive = undefined;
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response
        .writeHead(archive === undefined ? 404 : 200)
        .end(request.method === 'HEAD' ? undefined : archive);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL = `http://127.0.0.1:${port}/download`;
    process.env.XDG_CACHE_HOME = join(folder, 'cache');
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    for (const name of ['MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL', 'XDG_CACHE_HOME']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function offer(program: string): void {
    copyFileSync(program, join(folder, 'mediasoup-worker'));
    execFileSync('tar', ['-czf', join(folder, 'archive.tgz'), '-C', folder, 'mediasoup-worker']);
    archive = readFileSync(join(folder, 'archive.tgz'));
  }

  test("keeps the worker that mediasoup's authors built", async () => {
    offer(process.env.MEDIASOUP_WORKER_BIN as string);
    const worker = await downloadWorker(process.execPath, mediasoup);
    assert.equal(worker, downloadedWorker());
    assert.equal(works(downloadedWorker()), true);
    const [first, second] = asked.map((request) => request.split(' '));
    assert.deepEqual([first?.[0], second?.[0]], ['HEAD', 'GET']);
    assert.equal(first?.[1], second?.[1]);
  });

  test('does without one that does not run here, and starts no build', async () => {
    offer('/bin/true');
    assert.equal(await downloadWorker(process.execPath, mediasoup), undefined);
  });

  test('does without where none is on offer for this system', async () => {
    assert.equal(await downloadWorker(process.execPath, mediasoup), undefined);
    assert.equal(asked.length, 1);
  });

  test('does without where the server is out of reach', async () => {
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL = 'http://127.0.0.1:9/download';
    assert.equal(await downloadWorker(process.execPath, mediasoup), undefined);
  });
});
