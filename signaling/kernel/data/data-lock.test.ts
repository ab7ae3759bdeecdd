import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../../base/index.ts';
import { DataLock, rememberedServer, runningServer } from './data-lock.ts';

const MODULE = fileURLToPath(new URL('data-lock.ts', import.meta.url));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'canopy-data-lock-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Another process that holds the lock until it is killed. */
async function holder(t: TestContext, dir: string) {
  const script = `import { DataLock } from ${JSON.stringify(MODULE)};
    globalThis.lock = DataLock.take(${JSON.stringify(dir)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('threat 60: the lock on the data folder', () => {
  it('keeps a second server out, names the first, and ends with its process, even after SIGKILL', async (t) => {
    const dir = folder(t);
    assert.equal(runningServer(dir), null);
    const other = await holder(t, dir);
    assert.throws(() => DataLock.take(dir), {
      code: 'DATA_IN_USE',
      detail: new RegExp(`process ${other.pid} on `),
    });
    assert.equal(runningServer(dir)?.pid, other.pid);
    other.kill('SIGKILL');
    await once(other, 'exit');
    assert.equal(runningServer(dir), null);
    DataLock.take(dir).release();
  });

  it('is an operating-system lock, so a stale process id in a file locks nobody out', (t) => {
    const dir = folder(t);
    const record = { pid: process.pid, host: 'other-container', startedAtMs: 0, port: 1 };
    writeFileSync(join(dir, 'server.json'), JSON.stringify(record));
    const lock = DataLock.take(dir);
    assert.throws(() => DataLock.take(dir), { code: 'DATA_IN_USE' });
    lock.release();
  });

  it("holds even if the server's record is missing or damaged", (t) => {
    const dir = folder(t);
    const lock = DataLock.take(dir);
    writeFileSync(join(dir, 'server.json'), '{');
    assert.throws(() => DataLock.take(dir), { code: 'DATA_IN_USE', detail: /another process/ });
    assert.deepEqual(runningServer(dir), { pid: null });
    lock.release();
  });

  it('is refused with the folder’s name if the lock cannot be created', (t) => {
    const dir = join(folder(t), 'absent');
    assert.throws(() => DataLock.take(dir), { code: 'CONFIG_INVALID', detail: /^data\.dir: .*lock\.sqlite/ });
  });

  it('remembers where the server listens, even after it ends, unless another port is configured', (t) => {
    const dir = folder(t);
    const lock = DataLock.take(dir);
    lock.remember({ port: 9000, publicUrl: 'https://meet.example', localUrl: 'http://127.0.0.1:9000' });
    lock.release();
    const of = (flags: Record<string, unknown>) =>
      rememberedServer(loadConfig({ env: {}, flags: { 'data.dir': dir, ...flags } }))?.publicUrl;
    assert.equal(of({}), 'https://meet.example');
    assert.equal(of({ 'server.port': 9000 }), 'https://meet.example');
    assert.equal(of({ 'server.port': 9001 }), undefined);
    const again = DataLock.take(dir);
    assert.equal(JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')).port, 9000);
    for (const name of ['lock.sqlite', 'server.json']) {
      assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
    }
    again.release();
  });
});
