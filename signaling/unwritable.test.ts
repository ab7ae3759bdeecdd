import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SmallDisk } from '../test/support/small-disk.ts';
import { Invitations, MIGRATIONS } from './features/index.ts';
import { Accounts, DataLock, Devices } from './kernel/index.ts';
import { openStore } from './store/index.ts';

const fileOf = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
const isRoot = process.getuid?.() === 0;

describe('a full disk', () => {
  const disk = new SmallDisk('4m');
  const { dir } = disk;
  after(() => disk.remove());

  it('keeps no known person out, is reported by everything that must write, and is over once there is space', {
    skip: disk.skip,
  }, async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    const accounts = new Accounts(store);
    const devices = new Devices(store);
    const nowMs = Date.now();
    await accounts.ensure({ accountId: 'a', displayName: 'Ann', role: 'member', source: 'invite', nowMs });
    const ballast = disk.fill();
    const invite = () => new Invitations(store).create({ role: 'member', ttlSeconds: 60 });
    await assert.rejects(
      async () => {
        // Uses up the space left in the database's log first.
        for (let n = 0; n < 1000; n += 1) {
          await invite();
        }
      },
      { code: 'STORE_UNWRITABLE', retryable: true },
    );
    await assert.rejects(store.tryWrite(), { code: 'STORE_UNWRITABLE' });
    assert.equal((await accounts.find('a'))?.role, 'member');
    devices.seen({ accountId: 'a', deviceId: 'laptop', nowMs });
    assert.equal((await devices.of(['a']))[0]?.device_id, 'laptop');
    DataLock.take(dir).release();
    rmSync(ballast);
    await store.tryWrite();
    await invite();
    await devices.close();
    assert.equal((await new Devices(store).of(['a'])).length, 1);
    await store.close();
  });
});

describe('a database of another owner', {
  skip: isRoot ? false : 'acting as two users requires root',
}, () => {
  it('prevents the start with an error that names the owner', async (t) => {
    const outer = mkdtempSync(join(tmpdir(), 'canopy-owner-'));
    t.after(() => rmSync(outer, { recursive: true }));
    chmodSync(outer, 0o755);
    const dir = join(outer, 'data');
    mkdirSync(dir);
    await (await openStore(dir, { migrations: MIGRATIONS })).close();
    chownSync(dir, 65_534, 65_534);
    for (const mode of [0o600, 0o644]) {
      chmodSync(join(dir, 'canopy.sqlite'), mode);
      const script = `import { MIGRATIONS as migrations } from ${fileOf('features/index.ts')};
        import { openStore } from ${fileOf('store/index.ts')};
        try { await openStore(${JSON.stringify(dir)}, { migrations }); console.log('opened'); }
        catch ({ code, detail }) { console.log(code, detail); }`;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module-typescript', '--eval', script],
        { uid: 65_534, gid: 65_534 },
      );
      assert.match(
        stdout,
        /^STORE_UNUSABLE .*canopy\.sqlite: .*belongs to user 0, but this process runs as user 65534/,
      );
    }
  });
});
