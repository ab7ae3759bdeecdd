import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../base/index.ts';
import { CallSnapshots } from './call-snapshots.ts';

const LOG = createLogger({ level: 'silent', format: 'json' });
const FILE = 'gateway-calls.bin';
const KEY = 'gateway-calls.key';

interface Call {
  name: string;
  key: Buffer;
}

describe('CallSnapshots', () => {
  let folder: string;
  const open = () => new CallSnapshots<Call>(folder, LOG);
  const call = { name: 'a very secret name', key: Buffer.from('a very secret key') };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'call-snapshots-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('the next process finds what the last one saved, encrypted, for its owner only', async () => {
    assert.deepEqual(await open().load(), { calls: [], invites: [] });
    await open().save({ calls: [], invites: [] });
    await open().save({
      calls: [call, call],
      invites: [],
      dtlsIdentity: { key: call.key, certificate: call.key },
    });
    const { calls, dtlsIdentity } = await open().load();
    const [loaded] = calls;
    assert.ok(dtlsIdentity && call.key.equals(dtlsIdentity.certificate));
    assert.equal(loaded?.name, call.name);
    assert.ok(call.key.equals(loaded.key));
    assert.deepEqual((await readdir(folder)).sort(), [FILE, KEY]);
    for (const file of [FILE, KEY]) {
      assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
    }
    assert.equal((await readFile(join(folder, FILE))).includes('secret'), false);
  });

  it('is removed when all calls have ended in order, and nothing is written after that', async () => {
    const snapshots = open();
    await snapshots.save({ calls: [call], invites: [] });
    await snapshots.close();
    await snapshots.save({ calls: [call], invites: [] });
    assert.deepEqual(await readdir(folder), [KEY]);
  });

  it('a changed file, one of another key and one that is cut short are ignored', async () => {
    await open().save({ calls: [call], invites: [] });
    const whole = await readFile(join(folder, FILE));
    for (const bytes of [
      Buffer.concat([whole.subarray(0, -1), Buffer.from([(whole.at(-1) ?? 0) ^ 1])]),
      whole.subarray(0, -1),
      whole.subarray(0, 5),
      Buffer.alloc(0),
    ]) {
      await writeFile(join(folder, FILE), bytes);
      assert.deepEqual(await open().load(), { calls: [], invites: [] });
    }
    await writeFile(join(folder, FILE), whole);
    await rm(join(folder, KEY));
    assert.deepEqual(await open().load(), { calls: [], invites: [] });
  });
});
