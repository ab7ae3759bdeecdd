import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { wordsOf } from '../../../contract/words/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import type { Kernel, RoomRecord } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../index.ts';
import { sizeOf } from './chat-rows.ts';
import { Chats } from './chats.ts';
import { FileStore } from './files/index.ts';
import { Retention } from './retention.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;
const ANN = 'a'.repeat(64);
const BOB = 'b'.repeat(64);

for (const engine of storeEngines()) {
  describe(`stored chats (${engine.name})`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let chats: Chats;
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-chat-store-'));
      store = await openStore(dir, { migrations: MIGRATIONS, url: await engine.newUrl() });
      const { data, limits } = loadConfig({ env: {}, flags: { 'data.dir': dir } });
      const files = new FileStore({ store, data, limits });
      chats = new Chats({ store, files, limits: { chatBytesPerRoom: 1e6, chatBytes: 1e6 } });
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const all = { sinceSeq: 0 };
    const texts = async (roomId: string) =>
      (await chats.store.page({ roomId, ...all }, { limit: 100 })).messages.map(({ text }) => text);
    const found = async (roomId: string, query: string) =>
      (await chats.store.search({ roomId, ...all }, { query, limit: 10 })).messages.length;
    const write = (
      roomId: string,
      text: string,
      more: { by?: string; atMs?: number; mentions?: string[] } = {},
    ) =>
      chats.store.change(roomId, async (db, chat) => {
        const { by = ANN, atMs = NOW_MS, mentions = [] } = more;
        await chats.store.admit(db, chat, by);
        const rev = chat.rev + 1;
        const size = sizeOf(text, mentions);
        await chats.store.insert(db, {
          room_id: roomId,
          seq: rev,
          rev,
          client_id: `client-${roomId}-${rev}`,
          account_id: by,
          participant_id: crypto.randomUUID(),
          display_name: by === ANN ? 'Ann' : 'Bob',
          certified_name: null,
          sent_at_ms: atMs,
          edited_at_ms: null,
          gone: null,
          text,
          words: wordsOf(text).join(' '),
          reply_to: null,
          sealed: null,
          sealed_reactions: '[]',
          mentions: JSON.stringify(mentions),
          files: '[]',
          reactions: JSON.stringify([{ emoji: '👍', accountIds: [ANN, BOB] }]),
          size,
        });
        await chats.store.saveChat(db, { ...chat, rev, bytes: chat.bytes + size });
        return rev;
      });
    const bytesOf = async (roomId: string) =>
      (await store.db.selectFrom('chats').select('bytes').where('room_id', '=', roomId).executeTakeFirst())
        ?.bytes;

    it('old messages go when their room says so, 30 days after they were sent by default', async () => {
      const settings: Record<string, number> = { brief: 2 };
      const rooms = {
        record: async (roomId: string) => ({ roomId, chatDays: settings[roomId] }) as unknown as RoomRecord,
        find: () => undefined,
      } as unknown as Kernel['rooms'];
      const log = createLogger({ level: 'silent', format: 'json' });
      for (const roomId of ['brief', 'usual']) {
        await write(roomId, 'forty', { atMs: NOW_MS - 40 * DAY_MS });
        await write(roomId, 'ten', { atMs: NOW_MS - 10 * DAY_MS });
        await write(roomId, 'today');
      }
      const retention = new Retention({ rooms, log }, chats);
      await retention.run(NOW_MS);
      assert.deepEqual([await texts('brief'), await texts('usual')], [['today'], ['ten', 'today']]);
      assert.deepEqual([await found('usual', 'forty'), await found('usual', 'ten')], [0, 1]);
      assert.deepEqual(
        [await bytesOf('brief'), await bytesOf('usual')],
        [sizeOf('today', []), sizeOf('ten', []) + sizeOf('today', [])],
      );
      // Numbers are never used again.
      assert.equal(await write('brief', 'next'), 4);
      await retention.run(NOW_MS + 100 * DAY_MS);
      assert.deepEqual(await texts('usual'), []);
      assert.deepEqual([await bytesOf('brief'), await bytesOf('usual')], [undefined, undefined]);
      await retention.close();
    });

    it('nothing is left of a deleted account but what it wrote', async () => {
      await write('team', 'by Ann for Bob', { mentions: [BOB] });
      await write('team', 'by Bob', { by: BOB, mentions: [ANN] });
      await chats.store.forgetAccount(BOB);
      const { messages } = await chats.store.page({ roomId: 'team', ...all }, { limit: 10 });
      assert.deepEqual(
        messages.map(({ author, text, mentions }) => [author?.displayName, text, mentions]),
        [
          ['Ann', 'by Ann for Bob', []],
          [undefined, 'by Bob', [ANN]],
        ],
      );
      for (const table of ['chat_messages', 'chat_readers'] as const) {
        const rows = JSON.stringify(await store.db.selectFrom(table).selectAll().execute());
        assert.ok(!rows.includes(BOB) && !rows.includes('"Bob"'), table);
      }
      // Twice is as good as once.
      await chats.store.forgetAccount(BOB);
    });

    it('nothing is left of the chat of a deleted room, and other rooms keep theirs', async () => {
      await write('gone', 'secret');
      await write('kept', 'secret too');
      await store.transaction((db) => chats.store.forgetRoom(db, 'gone'));
      for (const table of ['chats', 'chat_messages', 'chat_readers'] as const) {
        const rows = await store.db.selectFrom(table).selectAll().where('room_id', '=', 'gone').execute();
        assert.deepEqual(rows, [], table);
      }
      assert.deepEqual([await found('gone', 'secret'), await found('kept', 'secret')], [0, 1]);
    });

    it('rooms that begin at the same time do not disturb each other', async () => {
      const rooms = Array.from({ length: 8 }, (_, n) => `room-${n}`);
      await Promise.all(rooms.flatMap((roomId) => [write(roomId, 'one'), write(roomId, 'two')]));
      for (const roomId of rooms) {
        assert.deepEqual((await texts(roomId)).sort(), ['one', 'two']);
      }
    });

    it('an answer has at most about 100 kB, whatever the number of messages', async () => {
      const long = 'ж'.repeat(4000);
      for (let n = 0; n < 12; n += 1) {
        await write('long', long);
      }
      const page = await chats.store.page({ roomId: 'long', ...all }, { limit: 100 });
      assert.ok(page.more && page.messages.length > 0 && JSON.stringify(page).length < 150_000);
      // Going on from each page reaches everything.
      let count = page.messages.length;
      for (let before = page.messages[0]?.seq ?? 0; before > 1; ) {
        const { messages } = await chats.store.page({ roomId: 'long', ...all }, { before, limit: 100 });
        count += messages.length;
        before = messages[0]?.seq ?? 0;
      }
      assert.equal(count, 12);
      assert.equal(await chats.store.changes({ roomId: 'long', ...all }, 0), undefined);
    });
  });
}
