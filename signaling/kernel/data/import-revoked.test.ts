import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStore, type Store } from '../../store/index.ts';
import { Revocations } from '../accounts/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { importRevoked } from './import-revoked.ts';

describe('revocations of an older version', () => {
  let dir: string;
  let store: Store;
  let revocations: Revocations;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-import-'));
    store = await openStore(dir, { migrations: KERNEL_MIGRATIONS });
    revocations = new Revocations(store);
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const file = () => join(dir, 'revoked.json');
  const ids = async () => (await revocations.all()).map(({ id }) => id).sort();

  it('are imported into the store once, and existing ones stay', async () => {
    await revocations.add({ id: '01', revoked_at_ms: 1 });
    writeFileSync(file(), JSON.stringify(['01', '02', 'f'.repeat(64)].map((id) => ({ id, timeMs: 2 }))));
    await importRevoked(dir, revocations);
    assert.deepEqual(await ids(), ['01', '02', 'f'.repeat(64)]);
    assert.equal((await revocations.all()).find(({ id }) => id === '01')?.revoked_at_ms, 1);
    assert.ok(!existsSync(file()));
    assert.ok(existsSync(`${file()}.imported`));
    await importRevoked(dir, revocations);
    assert.equal((await ids()).length, 3);
  });

  it('prevent the start if the file is empty or damaged', async () => {
    for (const text of ['', ' ', '[{', '{}', 'null', '[1]', '[{"id":"../x","timeMs":1}]', '[{"id":"01"}]']) {
      writeFileSync(file(), text);
      await assert.rejects(importRevoked(dir, revocations), { code: 'CA_UNUSABLE' }, text);
      assert.ok(existsSync(file()));
    }
    assert.deepEqual(await ids(), []);
  });

  it('threat 60: concurrent writers to one store lose none', async () => {
    const other = await openStore(dir, { migrations: KERNEL_MIGRATIONS });
    await revocations.add({ id: '0a', revoked_at_ms: 1 });
    await new Revocations(other).add({ id: '0b', revoked_at_ms: 2 });
    await other.close();
    assert.deepEqual(await ids(), ['0a', '0b']);
  });
});
