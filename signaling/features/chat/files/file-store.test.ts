import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../../../base/index.ts';
import { storeEngines } from '../../../../test/support/store-engines.ts';
import type { Kernel } from '../../../kernel/index.ts';
import { openStore, type Store } from '../../../store/index.ts';
import { MIGRATIONS } from '../../index.ts';
import { Chats } from '../chats.ts';
import { Retention } from '../retention.ts';
import { FileStore } from './file-store.ts';

const ANN = 'a'.repeat(64);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

for (const engine of storeEngines()) {
  describe(`stored files (${engine.name})`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let files: FileStore;
    let chats: Chats;
    let nowMs: number;
    const log = createLogger({ level: 'silent', format: 'json' });

    const open = (flags: object = {}) => {
      const { data, limits } = loadConfig({ env: {}, flags: { 'data.dir': dir, ...flags } });
      files = new FileStore({ store, data, limits, log, now: () => nowMs });
      chats = new Chats({ store, files, limits });
    };
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-files-'));
      store = await openStore(dir, { migrations: MIGRATIONS, url: await engine.newUrl() });
      nowMs = 1_800_000_000_000;
      open({ 'limits.diskFloorBytes': 0 });
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const onDisk = () => readdirSync(join(dir, 'files')).sort();
    const upload = async (bytes: Buffer, part = bytes.length) => {
      const fileId = randomUUID();
      await files.start({ fileId, roomId: 'team', accountId: ANN, size: bytes.length, thumbnail: undefined });
      await files.receive({ fileId, accountId: ANN, offset: 0 }, Readable.from([bytes.subarray(0, part)]));
      return fileId;
    };
    const attach = (fileId: string) =>
      chats.store.change('team', async (db, chat) => {
        const seq = chat.rev + 1;
        const place = { roomId: 'team', accountId: ANN, seq };
        const described = await files.records.attach(db, place, [
          { fileId, name: 'a', type: 'application/octet-stream' },
        ]);
        await chats.store.insert(db, {
          ...{ room_id: 'team', seq, rev: seq, client_id: fileId, account_id: ANN, size: 200 },
          ...{ participant_id: randomUUID(), display_name: 'Ann', certified_name: null, gone: null },
          ...{ sent_at_ms: nowMs, edited_at_ms: null, text: '', words: '', reply_to: null },
          ...{ sealed: null, sealed_reactions: '[]' },
          ...{ mentions: '[]', reactions: '[]', files: JSON.stringify(described) },
        });
        await chats.store.saveChat(db, { ...chat, rev: seq });
        return seq;
      });

    it('what was never sent goes after an hour, and what has no row when the server starts', async () => {
      const old = await upload(randomBytes(10));
      const unfinished = await upload(randomBytes(200_000), 100_000);
      const sent = await upload(randomBytes(10));
      await attach(sent);
      nowMs += HOUR_MS - 1;
      const fresh = await upload(randomBytes(10));
      writeFileSync(join(dir, 'files', randomUUID()), 'left by a crash');
      open({ 'limits.diskFloorBytes': 0 });
      files.begin();
      await files.close();
      assert.deepEqual(onDisk(), [old, unfinished, sent, fresh].sort());
      nowMs += 2;
      await files.sweep();
      assert.deepEqual(onDisk(), [sent, fresh].sort());
    });

    it('a transaction that is rolled back deletes no file', async () => {
      const fileId = await upload(randomBytes(10));
      const seq = await attach(fileId);
      const failing = chats.store.change('team', async (db) => {
        await files.deleteOf(db, 'team', [seq]);
        throw new Error('full disk');
      });
      await assert.rejects(failing, /full disk/);
      assert.deepEqual(onDisk(), [fileId]);
      await chats.store.change('team', (db) => files.deleteOf(db, 'team', [seq]));
      assert.deepEqual(onDisk(), []);
    });

    it('files go before their messages if the room says so, and with them in any case', async () => {
      const room = { roomId: 'team', fileDays: 2, chatDays: 5 };
      const kernel = { rooms: { record: async () => room, find: () => undefined }, log };
      const retention = new Retention(kernel as unknown as Kernel, chats);
      const first = await upload(randomBytes(10));
      const seq = await attach(first);
      nowMs += DAY_MS;
      const second = await upload(randomBytes(10));
      await attach(second);
      await retention.run(nowMs + DAY_MS + 1);
      assert.deepEqual(onDisk(), [second]);
      const { messages } = await chats.store.page({ roomId: 'team', sinceSeq: 0 }, { limit: 10 });
      assert.deepEqual(
        messages.map((message) => message.files?.map(({ fileId, gone }) => [fileId, gone])),
        [[[first, true]], [[second, undefined]]],
      );
      assert.ok((messages[0]?.rev ?? 0) > seq);
      await retention.run(nowMs + 5 * DAY_MS + 1);
      assert.deepEqual(onDisk(), []);
      await retention.close();
    });

    it('with another secret, files cannot be read; the secret may be anywhere', async () => {
      const fileId = await upload(Buffer.from('hello'));
      const read = async () => {
        const row = await files.records.find(fileId);
        assert.ok(row);
        const parts: Buffer[] = [];
        for await (const part of files.read(row, { from: 0, to: 5 })) {
          parts.push(part);
        }
        return Buffer.concat(parts).toString();
      };
      assert.equal(await read(), 'hello');
      const elsewhere = join(dir, 'elsewhere.key');
      open({ 'data.filesKey': elsewhere });
      await assert.rejects(read(), { code: 'FILE_UNREADABLE' });
      rmSync(elsewhere);
      writeFileSync(elsewhere, 'ours');
      open({ 'data.filesKey': elsewhere });
      await assert.rejects(read(), { code: 'FILE_UNREADABLE' });
      open();
      assert.equal(await read(), 'hello');
    });

    it('threat 40: no file is accepted that would fill the disk', async () => {
      open({ 'limits.diskFloorBytes': Number.MAX_SAFE_INTEGER });
      await assert.rejects(upload(randomBytes(10)), { code: 'FILES_FULL' });
      assert.deepEqual(onDisk(), []);
    });
  });
}
