import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { loadConfig } from '../../base/index.ts';
import { storeEngines } from '../../test/support/store-engines.ts';
import { MIGRATIONS } from '../features/index.ts';
import { Accounts } from '../kernel/index.ts';
import { openStore } from '../store/index.ts';
import { createBackup, moveStore, restoreBackup } from './index.ts';
import { copiedTables, digestTable, isNew } from './rows.ts';

const FIXTURE = fileURLToPath(new URL('../store/fixtures/data-0.1.0', import.meta.url));
const PEOPLE = 5;

const [sqlite, postgres] = storeEngines();
assert.ok(sqlite && postgres);

describe('copies of a deployment', () => {
  let outer: string;
  /** A data folder with people in it, in SQLite. */
  let dir: string;
  let file: string;

  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'canopy-backup-'));
    dir = join(outer, 'data');
    file = join(outer, 'canopy.backup');
    cpSync(FIXTURE, dir, { recursive: true });
  });
  afterEach(() => rmSync(outer, { recursive: true }));
  after(() => postgres.close());

  const configOf = (folder: string, url?: string) =>
    loadConfig({ env: {}, flags: { 'data.dir': folder, 'store.url': url } });
  const digests = async (folder: string, url?: string) => {
    const store = await openStore(folder, { migrations: MIGRATIONS, url });
    const all: Record<string, string> = {};
    for (const table of await copiedTables(store)) {
      all[table] = await digestTable(store, table);
    }
    await store.close();
    return all;
  };

  const configureRoom = async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    const settings = JSON.stringify({ permissions: { viewer: [] }, roles: {} });
    const row = { room_id: 'team', owner_id: 'a'.repeat(64), title: 'Команда 👋', settings };
    await store.db
      .insertInto('rooms')
      .values({ ...row, created_at_ms: 1, last_used_at_ms: 2 })
      .execute();
    await store.db
      .insertInto('chats')
      .values({ room_id: 'team', chat_id: 'chat', rev: 1, bytes: 300 })
      .execute();
    await store.db
      .insertInto('chat_messages')
      .values({
        ...{ message_id: 1, room_id: 'team', seq: 1, rev: 1, client_id: 'client-1', size: 300 },
        ...{ account_id: 'a'.repeat(64), participant_id: crypto.randomUUID(), display_name: 'Анна' },
        ...{ certified_name: null, sent_at_ms: 3, edited_at_ms: null, gone: null, reply_to: null },
        ...{ sealed: null, sealed_reactions: '[]' },
        ...{ text: 'Привет 👋', words: 'привет', mentions: '[]', reactions: '[]', files: '[]' },
      })
      .execute();
    await store.close();
  };

  for (const from of [sqlite, postgres]) {
    for (const to of [sqlite, postgres]) {
      const skip = from.skip || to.skip;
      it(`a backup of ${from.name} is restored into ${to.name} with every row and key`, {
        skip,
      }, async () => {
        await configureRoom();
        const fromUrl = await from.newUrl();
        if (fromUrl !== undefined) {
          await moveStore({ dir, to: fromUrl });
        }
        const counts = await createBackup(configOf(dir, fromUrl), file, '0.2.0');
        assert.deepEqual([counts.accounts, counts.rooms, counts.chat_messages], [PEOPLE, 1, 1]);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const target = join(outer, 'restored');
        const toUrl = await to.newUrl();
        assert.deepEqual(await restoreBackup(configOf(target, toUrl), file), counts);
        assert.deepEqual(await digests(target, toUrl), await digests(dir, fromUrl));
        // The search index of SQLite is not copied, but filled as the rows come.
        if (toUrl === undefined) {
          const restored = new Database(join(target, 'canopy.sqlite'), { readonly: true });
          const query = 'select rowid from chat_search where chat_search match \'words : "прив"*\'';
          assert.deepEqual(restored.prepare(query).pluck().all(), [1]);
          restored.close();
        }
        for (const name of ['ca.pem', 'ca.key', 'api.key', 'ticket.key']) {
          assert.equal(readFileSync(join(target, name), 'utf8'), readFileSync(join(dir, name), 'utf8'), name);
        }
        await assert.rejects(restoreBackup(configOf(target, toUrl), file), { code: 'STORE_NOT_EMPTY' });
      });
    }
  }

  it('a backup migrates nothing; one of an older version is migrated when restored', async () => {
    const before = readFileSync(join(dir, 'canopy.sqlite'));
    await createBackup(configOf(dir), file, '0.1.0');
    assert.match(readFileSync(file, 'utf8'), /"migration":"0005_admission"/);
    assert.deepEqual(readFileSync(join(dir, 'canopy.sqlite')).subarray(100), before.subarray(100));
    const target = join(outer, 'restored');
    await restoreBackup(configOf(target), file);
    const { secrets: _, ...restored } = await digests(target);
    const { secrets: __, ...original } = await digests(dir);
    assert.deepEqual(restored, original);
  });

  it('a damaged or shortened backup is refused before anything is written', async () => {
    await createBackup(configOf(dir), file, '0.2.0');
    const whole = readFileSync(file, 'utf8');
    const lines = whole.trimEnd().split('\n');
    const target = join(outer, 'restored');
    for (const text of [
      '',
      whole.replace('Ann Example', 'Eve Example'),
      lines.slice(0, -1).join('\n'),
      lines.toSpliced(3, 1).join('\n'),
    ]) {
      writeFileSync(file, text);
      await assert.rejects(restoreBackup(configOf(target), file), { code: 'BACKUP_INVALID' });
      assert.ok(!existsSync(target));
    }
  });

  it('threat 60: whatever people and phones call themselves, the backup can be restored', async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    const names = ['a\u2028b', 'a\u2029b', 'a\r\nb', 'a\u0085b', '"\\\ud800'];
    for (const [n, display_name] of names.entries()) {
      const { numUpdatedRows } = await store.db
        .updateTable('accounts')
        .set({ display_name })
        .where('account_id', '=', String.fromCharCode(97 + n).repeat(64))
        .executeTakeFirstOrThrow();
      assert.equal(numUpdatedRows, 1n);
    }
    await store.close();
    await createBackup(configOf(dir), file, '0.2.0');
    const target = join(outer, 'restored');
    await restoreBackup(configOf(target), file);
    assert.deepEqual(await digests(target), await digests(dir));
  });

  it('every file of the folder is restored byte by byte, whatever its name, and earlier backups are left out', async () => {
    const files = { 'my list.crl': Buffer.from([0x30, 0x82, 0xff, 0xfe, 0]), 'über.pem': Buffer.alloc(0) };
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(join(dir, name), bytes);
    }
    // As where secrets are mounted from elsewhere.
    renameSync(join(dir, 'ca.key'), join(outer, 'ca.key'));
    symlinkSync(join(outer, 'ca.key'), join(dir, 'ca.key'));
    await createBackup(configOf(dir), join(dir, 'first.backup'), '0.2.0');
    await createBackup(configOf(dir), file, '0.2.0');
    const target = join(outer, 'restored');
    await restoreBackup(configOf(target), file);
    for (const [name, bytes] of Object.entries(files)) {
      assert.deepEqual(readFileSync(join(target, name)), bytes, name);
    }
    assert.deepEqual(readFileSync(join(target, 'ca.key')), readFileSync(join(dir, 'ca.key')));
    assert.ok(!existsSync(join(target, 'first.backup')));
  });

  it('the files of chats are left out, and their secret too unless asked for, wherever it is in the folder', async () => {
    mkdirSync(join(dir, 'files'));
    writeFileSync(join(dir, 'files', 'one'), 'encrypted');
    for (const [name, filesKey] of [
      ['files.key', undefined],
      ['own.key', join(dir, 'own.key')],
    ] as const) {
      writeFileSync(join(dir, name), 'secret');
      const config = loadConfig({ env: {}, flags: { 'data.dir': dir, 'data.filesKey': filesKey } });
      for (const withFilesKey of [false, true]) {
        const target = join(outer, `${name}-${withFilesKey}`);
        await createBackup(config, file, '0.2.0', { withFilesKey });
        await restoreBackup(configOf(target), file);
        assert.equal(existsSync(join(target, name)), withFilesKey, name);
        assert.ok(!existsSync(join(target, 'files')));
      }
      rmSync(join(dir, name));
    }
  });

  it('a file that cannot be read or written is named, and no unfinished backup stays behind', async () => {
    for (const name of ['missing', 'folder', 'missing/file']) {
      mkdirSync(join(outer, 'folder'), { recursive: true });
      const unusable = { code: 'FILE_UNUSABLE', detail: new RegExp(`${join(outer, name)}: E`) };
      await assert.rejects(restoreBackup(configOf(join(outer, 'restored')), join(outer, name)), unusable);
      if (name !== 'missing') {
        await assert.rejects(createBackup(configOf(dir), join(outer, name), '0.2.0'), unusable);
      }
    }
    assert.deepEqual(readdirSync(outer).sort(), ['data', 'folder']);
  });

  it('after a failed restore, the next one may use the same folder', async () => {
    await createBackup(configOf(dir), file, '0.2.0');
    const target = join(outer, 'restored');
    mkdirSync(join(target, 'ticket.key.new'), { recursive: true });
    await assert.rejects(restoreBackup(configOf(target), file), { code: 'FILE_UNUSABLE' });
    assert.ok(!existsSync(join(target, 'canopy.sqlite')) && !existsSync(join(target, 'ca.pem')));
    rmSync(join(target, 'ticket.key.new'), { recursive: true });
    await restoreBackup(configOf(target), file);
    assert.deepEqual(await digests(target), await digests(dir));
  });

  it('what is no backup is called so', async () => {
    for (const text of ['hello', '{}\n{}\n{}', '']) {
      writeFileSync(file, text);
      await assert.rejects(restoreBackup(configOf(join(outer, 'restored')), file), {
        code: 'BACKUP_INVALID',
        detail: `${file}: line 1 is not the beginning of a Canopy backup`,
      });
    }
  });

  it('a move that failed leaves the database empty, and people who enrolled since are moved by the next', {
    skip: postgres.skip,
  }, async () => {
    const url = (await postgres.newUrl()) ?? '';
    const onProgress = (table: string) => {
      if (table === 'revocations') {
        throw new Error('interrupted');
      }
    };
    await assert.rejects(moveStore({ dir, to: url, onProgress }), /interrupted/);
    // A server on a half-filled database would know none of the revocations.
    const target = await openStore(dir, { migrations: MIGRATIONS, url });
    assert.ok(await isNew(target));
    await target.close();
    const source = await openStore(dir, { migrations: MIGRATIONS });
    await source.db.updateTable('accounts').set({ display_name: 'Renamed' }).execute();
    await source.close();
    const before = await digests(dir);
    await moveStore({ dir, to: url });
    assert.deepEqual(await digests(dir, url), before);
    // Killed just before its last step: the next move takes it.
    renameSync(join(dir, 'canopy.sqlite.moved'), join(dir, 'canopy.sqlite'));
    await moveStore({ dir, to: url });
    assert.ok(existsSync(join(dir, 'canopy.sqlite.moved')));
    await assert.rejects(moveStore({ dir, to: url }), {
      code: 'STORE_UNUSABLE',
      detail: /was moved to PostgreSQL/,
    });
    await assert.rejects(createBackup(configOf(dir), file, '0.2.0'), {
      code: 'STORE_UNUSABLE',
      detail: /set store\.url/,
    });
  });

  it('threat 60: a NUL in what a caller dialled, which PostgreSQL does not store, blocks no move', {
    skip: postgres.skip,
  }, async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    await store.db.updateTable('calls').set({ dialled: '1\u00002' }).execute();
    await store.close();
    const url = (await postgres.newUrl()) ?? '';
    await moveStore({ dir, to: url });
    const moved = await openStore(dir, { migrations: MIGRATIONS, url });
    const { dialled } = await moved.db.selectFrom('calls').select('dialled').executeTakeFirstOrThrow();
    await moved.close();
    assert.equal(dialled, '1\ufffd2');
  });

  it('an interrupted move to PostgreSQL continues, and the old database is kept', {
    skip: postgres.skip,
  }, async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    for (let n = 0; n < 1000; n += 1) {
      await store.db
        .insertInto('grants')
        .values({ account_id: 'a'.repeat(64), room_id: `room-${n}` })
        .execute();
    }
    await store.close();
    const before = await digests(dir);
    const url = (await postgres.newUrl()) ?? '';
    const onProgress = (table: string, done: number) => {
      if (table === 'grants' && done === 400) {
        throw new Error('interrupted');
      }
    };
    await assert.rejects(moveStore({ dir, to: url, onProgress }), /interrupted/);
    assert.ok(existsSync(join(dir, 'canopy.sqlite')));
    const counts = await moveStore({ dir, to: url });
    assert.equal(counts.grants, 1001);
    assert.deepEqual(await digests(dir, url), before);
    assert.ok(existsSync(join(dir, 'canopy.sqlite.moved')));
    await assert.rejects(openStore(dir, { migrations: MIGRATIONS }), {
      code: 'STORE_UNUSABLE',
      detail: /set store\.url/,
    });
  });

  it('a move into a database that is in use is refused', { skip: postgres.skip }, async () => {
    const url = (await postgres.newUrl()) ?? '';
    const other = await openStore(dir, { migrations: MIGRATIONS, url });
    const account = { accountId: 'x', displayName: 'X', role: 'member', source: 'invite' } as const;
    await new Accounts(other).ensure({ ...account, nowMs: 1 });
    await other.close();
    await assert.rejects(moveStore({ dir, to: url }), { code: 'STORE_NOT_EMPTY' });
    const holder = await openStore(dir, { migrations: MIGRATIONS, url, exclusive: true });
    await assert.rejects(moveStore({ dir, to: url }), { code: 'DATA_IN_USE' });
    await holder.close();
  });
});
