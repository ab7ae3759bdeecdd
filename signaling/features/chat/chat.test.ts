import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import type { RequestInput } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import {
  newIdentity,
  newPerson,
  ProtocolClient,
  type Someone,
} from '../../../test/support/protocol-client.ts';
import { Bystanders } from '../../../test/support/raw-call.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';

for (const engine of storeEngines()) {
  describe(`chat (${engine.name})`, { skip: engine.skip }, () => {
    let server: InProcessServer;
    let olga: Someone;
    let max: Someone;
    let turn = 0;
    /** Each test has its own room. */
    let roomId = '';
    const clients: ProtocolClient[] = [];

    before(async () => {
      server = await InProcessServer.start({ 'store.url': await engine.newUrl() });
    });
    after(async () => {
      await server.close();
      await engine.close();
    });
    beforeEach(async () => {
      turn += 1;
      roomId = `room-${turn}`;
      for (const client of clients.splice(0)) {
        client.close();
      }
      // New ones, since what they may read and write is limited.
      [olga, max] = await Promise.all([
        person({ displayName: 'Olga' }),
        person({ displayName: 'Max <b>\u202ex</b>' }),
      ]);
    });

    const person = (options: Parameters<typeof newPerson>[1]) => newPerson(server, options);
    const guestOf = (room: string) => person({ role: 'guest', roomId: room, displayName: 'Gus' });
    const connect = async ({ identity }: Someone) => {
      const client = await ProtocolClient.enter(server.url, identity);
      clients.push(client);
      return client;
    };
    const enter = async (someone: Someone) => {
      const client = await connect(someone);
      const { participantId = '' } = await client.get('room.join', { roomId });
      await client.get('chat.sync', { roomId });
      return { client, participantId, ...someone };
    };
    const write = async (
      client: ProtocolClient,
      text: string,
      more: Partial<RequestInput<'chat.send'>> = {},
    ) => (await client.get('chat.send', { id: randomUUID(), text, ...more })).seq;
    const texts = async (client: ProtocolClient, page: object = {}) =>
      (await client.get('chat.history', { roomId, ...page })).messages.map(({ text }) => text);
    const found = async (client: ProtocolClient, query: string) =>
      (await client.get('chat.search', { roomId, query })).messages.map(({ text }) => text);

    it('everyone in the room gets a message, with who wrote it and when', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const beganMs = Date.now();
      const first = await write(o.client, 'Hello');
      await write(m.client, 'Hi', { replyTo: first, mentions: [olga.accountId] });
      for (const { client } of [o, m]) {
        const { message } = await client.event('chat.sent', (event) => event.message.text === 'Hi');
        const { accountId, participantId, displayName } = message.author ?? {};
        assert.deepEqual(
          [accountId, participantId, displayName],
          [max.accountId, m.participantId, 'Max <b>x</b>'],
        );
        assert.deepEqual([message.replyTo, message.mentions], [first, [olga.accountId]]);
        assert.ok(beganMs <= message.sentAtMs && message.sentAtMs <= Date.now());
      }
      assert.deepEqual(await texts(m.client), ['Hello', 'Hi']);
    });

    it('authors edit and delete their messages, people react, and moderators remove what others wrote', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const seq = await write(o.client, 'Helo');
      await o.client.get('chat.edit', { seq, text: 'Hello' });
      const edited = await m.client.event('chat.changed');
      assert.deepEqual([edited.seq, edited.change?.text], [seq, 'Hello']);
      assert.ok((edited.change?.editedAtMs ?? 0) <= Date.now());
      await m.client.get('chat.react', { seq, emoji: '👍', on: true });
      await m.client.get('chat.react', { seq, emoji: '👍', on: true });
      await o.client.get('chat.react', { seq, emoji: '👍', on: true });
      await m.client.get('chat.react', { seq, emoji: '👍', on: false });
      const [{ reactions } = { reactions: undefined }] = (await m.client.get('chat.history', { roomId }))
        .messages;
      assert.deepEqual(reactions, [{ emoji: '👍', accountIds: [olga.accountId] }]);
      assert.equal(
        o.client.count('chat.changed', ({ change }) => change?.reactions !== undefined),
        3,
      );
      await m.client.get('chat.delete', { seq });
      const removed = await o.client.event('chat.changed', ({ change }) => change?.gone !== undefined);
      assert.deepEqual(removed.change, { gone: 'removed', text: '', mentions: [], reactions: [] });
      const own = await write(m.client, 'Mine');
      await m.client.get('chat.delete', { seq: own });
      await o.client.event('chat.changed', ({ change }) => change?.gone === 'deleted');
      assert.deepEqual(await texts(o.client), ['', '']);
      for (const request of ['chat.edit', 'chat.delete', 'chat.react']) {
        const data = { seq, text: 'x', emoji: '👍', on: true };
        assert.equal(await o.client.refusal(request, data), 'CHAT_MESSAGE_UNKNOWN');
      }
    });

    it('history comes in pages, forwards and backwards', async () => {
      const { client } = await enter(olga);
      for (let n = 0; n < 7; n += 1) {
        await write(client, `m${n}`);
      }
      const newest = await client.get('chat.history', { roomId, limit: 3 });
      assert.deepEqual([newest.messages.map(({ text }) => text), newest.more], [['m4', 'm5', 'm6'], true]);
      const before = newest.messages[0]?.seq ?? 0;
      assert.deepEqual(await texts(client, { before, limit: 3 }), ['m1', 'm2', 'm3']);
      const oldest = await client.get('chat.history', { roomId, after: 0, limit: 2 });
      assert.deepEqual([oldest.messages.map(({ text }) => text), oldest.more], [['m0', 'm1'], true]);
      const last = await client.get('chat.history', { roomId, after: newest.messages[1]?.seq ?? 0 });
      assert.deepEqual([last.messages.map(({ text }) => text), last.more], [['m6'], false]);
    });

    it('a client that comes back gets only the changes, or everything if there are too many', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const seq = await write(o.client, 'one');
      const { position } = await m.client.get('chat.sync', { roomId });
      assert.ok(position);
      await m.client.get('room.leave', {});
      await write(o.client, 'two');
      await o.client.get('chat.edit', { seq, text: 'ONE' });
      await m.client.get('room.join', { roomId });
      const since = await m.client.get('chat.sync', { roomId, since: position });
      assert.deepEqual([since.fresh, since.messages.map(({ text }) => text).sort()], [false, ['ONE', 'two']]);
      assert.deepEqual(
        (await m.client.get('chat.sync', { roomId, since: since.position ?? position })).messages,
        [],
      );
      for (const other of [
        { ...position, chatId: 'other' },
        { ...position, rev: 1000 },
      ]) {
        const fresh = await m.client.get('chat.sync', { roomId, since: other });
        assert.deepEqual([fresh.fresh, fresh.messages.length], [true, 2]);
      }
    });

    it('a message sent again under its id is there once, also after the answers are forgotten', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const message = { id: randomUUID(), text: 'once' };
      // Other request ids, so that the server cannot repeat its answer.
      const answers = await Promise.all([1, 2, 3].map(() => o.client.get('chat.send', message)));
      assert.equal(new Set(answers.map(({ seq }) => seq)).size, 1);
      await m.client.event('chat.sent');
      await m.client.get('session.ping', {});
      assert.equal(m.client.count('chat.sent'), 1);
      // An id belongs to its account.
      await m.client.get('chat.send', { ...message, text: 'other' });
      assert.deepEqual(await texts(o.client), ['once', 'other']);
    });

    it('knows on all devices what an account has read, and counts mentions', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const first = await write(o.client, 'one', { mentions: [max.accountId] });
      const last = await write(o.client, 'two');
      const unread = async (client: ProtocolClient) => {
        const { readSeq, unread, unreadMentions } = await client.get('chat.sync', { roomId });
        return [readSeq, unread, unreadMentions];
      };
      assert.deepEqual(await unread(m.client), [0, 2, 1]);
      assert.deepEqual(await unread(o.client), [0, 0, 0]);
      await m.client.get('chat.read', { seq: first });
      assert.deepEqual(await unread(m.client), [first, 1, 0]);
      await m.client.get('chat.read', { seq: last });
      // It never goes back, nor beyond what there is.
      await m.client.get('chat.read', { seq: first });
      await m.client.get('chat.read', { seq: last + 1000 });
      assert.deepEqual(await unread(m.client), [last, 0, 0]);
    });

    it('search finds words by their beginnings, in Russian and English, whatever their case', async () => {
      const { client } = await enter(olga);
      await write(client, 'Встреча перенесена на ПЯТНИЦУ, ёлки!');
      await write(client, 'The meeting moves to Friday');
      const edited = await write(client, 'temporary words');
      await client.get('chat.edit', { seq: edited, text: 'lasting words' });
      const gone = await write(client, 'meeting secret');
      await client.get('chat.delete', { seq: gone });
      assert.deepEqual(await found(client, 'пятниц'), ['Встреча перенесена на ПЯТНИЦУ, ёлки!']);
      assert.deepEqual(await found(client, 'ЕЛК встреча'), ['Встреча перенесена на ПЯТНИЦУ, ёлки!']);
      assert.deepEqual(await found(client, 'friday MEET'), ['The meeting moves to Friday']);
      assert.deepEqual(await found(client, 'temporary'), []);
      assert.deepEqual(await found(client, 'lasting'), ['lasting words']);
      assert.deepEqual(await found(client, 'secret'), []);
      assert.deepEqual(await found(client, 'friday пятниц'), []);
      assert.deepEqual(await found(client, '!?'), []);
    });

    it('threat 46: a query is words and nothing else, and finds nothing in other rooms', async () => {
      const { client } = await enter(olga);
      await write(client, 'alpha beta');
      const inFirst = roomId;
      await client.get('room.leave', {});
      roomId = `${roomId}-other`;
      await client.get('room.join', { roomId });
      await write(client, 'gamma');
      for (const query of [
        'gamma" OR room:"',
        'room : x',
        "gamma' | 'alpha",
        'gamma*',
        'NOT gamma',
        '^gamma',
        'gamma:*&!alpha',
        '"',
        "'; drop table chat_messages; --",
        'NEAR(gamma alpha, 10)',
        '\\',
        '%',
        '\0gamma',
        Buffer.from(inFirst).toString('hex'),
      ]) {
        const texts = await found(client, query);
        assert.ok(
          texts.every((text) => text === 'gamma'),
          query,
        );
      }
      assert.deepEqual(await found(client, 'gamma*'), ['gamma']);
    });

    it('threat 5: guests read what was written since they first came, and nothing of a room they were never in', async () => {
      const guest = await guestOf(roomId);
      const o = await enter(olga);
      await o.client.get('chat.sync', { roomId });
      const early = await write(o.client, 'before the guest');
      const outside = await connect(guest);
      assert.equal(await outside.refusal('chat.history', { roomId }), 'FORBIDDEN');
      assert.equal(await outside.refusal('chat.search', { roomId, query: 'before' }), 'FORBIDDEN');
      assert.equal(await outside.refusal('chat.sync', { roomId }), 'FORBIDDEN');
      const g = await enter(guest);
      const late = await write(o.client, 'for the guest', { replyTo: early });
      assert.deepEqual(await texts(g.client), ['for the guest']);
      assert.deepEqual(await texts(g.client, { after: 0 }), ['for the guest']);
      assert.deepEqual(await texts(g.client, { before: late }), []);
      assert.deepEqual(await found(g.client, 'guest'), ['for the guest']);
      const since = { ...(await g.client.get('chat.sync', { roomId })).position, rev: 0 };
      const sync = await g.client.get('chat.sync', { roomId, since: since as never });
      assert.deepEqual(
        sync.messages.map(({ text }) => text),
        ['for the guest'],
      );
      // Nor does the log tell what was written in a message from before.
      await o.client.get('chat.edit', { seq: early, text: 'edited secret' });
      const changed = await g.client.event('chat.changed', ({ seq }) => seq === early);
      assert.equal(changed.change, undefined);
      for (const request of ['chat.react', 'chat.edit', 'chat.delete']) {
        const data = { seq: early, emoji: '👍', on: true, text: 'x' };
        assert.equal(await g.client.refusal(request, data), 'CHAT_MESSAGE_UNKNOWN');
      }
      assert.equal(
        await g.client.refusal('chat.send', { id: randomUUID(), text: 'x', replyTo: early }),
        'CHAT_MESSAGE_UNKNOWN',
      );
      // Whoever comes back still reads what they could read, also what was written meanwhile, inside or not.
      await g.client.get('room.leave', {});
      await write(o.client, 'meanwhile');
      assert.deepEqual(await texts(g.client), ['for the guest', 'meanwhile']);
      // A role in the room, or the room's setting, opens everything.
      await o.client.get('room.configure', { roomId, chatHistory: 'all' });
      assert.equal((await texts(g.client)).length, 3);
      await o.client.get('room.configure', { roomId, chatHistory: null });
      assert.equal((await texts(g.client)).length, 2);
      await o.client.get('room.configure', { roomId, roles: { [guest.accountId]: 'speaker' } });
      assert.equal((await texts(g.client)).length, 3);
    });

    it('threat 30: a removed person, and members without the right to enter, read nothing', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      await write(o.client, 'team only');
      await o.client.get('participant.kick', { participantId: m.participantId });
      assert.equal(await m.client.ended(), 'KICKED');
      const again = await connect(max);
      assert.equal(await again.refusal('chat.history', { roomId }), 'KICKED');
      await o.client.get('participant.readmit', { accountId: max.accountId });
      assert.deepEqual(await texts(again), ['team only']);
      await o.client.get('room.configure', { roomId, permissions: { moderator: [] } });
      assert.equal(await again.refusal('chat.history', { roomId }), 'FORBIDDEN');
      // Those inside go on.
      assert.deepEqual(await texts(o.client), ['team only']);
    });

    it('threat 5: nobody edits what others wrote, and only moderators remove it', async () => {
      const [o, g] = [await enter(olga), await enter(await guestOf(roomId))];
      const seq = await write(o.client, 'mine');
      assert.equal(await g.client.refusal('chat.edit', { seq, text: 'x' }), 'FORBIDDEN');
      assert.equal(await g.client.refusal('chat.delete', { seq }), 'FORBIDDEN');
      const own = await write(g.client, 'of the guest');
      assert.equal(await o.client.refusal('chat.edit', { seq: own, text: 'x' }), 'FORBIDDEN');
      await o.client.get('chat.delete', { seq: own });
      // Owners decide who writes. Whoever may not any more still deletes what they wrote.
      const other = await write(g.client, 'another one');
      await o.client.get('room.configure', { roomId, permissions: { speaker: ['room.enter'] } });
      for (const [request, data] of [
        ['chat.send', { id: randomUUID(), text: 'x' }],
        ['chat.edit', { seq: other, text: 'x' }],
        ['chat.react', { seq, emoji: '👍', on: true }],
        ['chat.typing', {}],
      ] as const) {
        assert.equal(await g.client.refusal(request, data), 'FORBIDDEN');
      }
      await g.client.get('chat.delete', { seq: other });
      assert.equal((await g.client.get('chat.sync', { roomId })).maySend, false);
    });

    it('viewers may write by default; bridges and phones neither write nor read', async () => {
      const o = await enter(olga);
      const v = await enter(max);
      await o.client.get('room.configure', { roomId, roles: { [max.accountId]: 'viewer' } });
      await write(v.client, 'from a viewer');
      const bridge = await connect(await person({ role: 'bridge' }));
      await bridge.get('room.join', { roomId });
      await bridge.get('participant.add', { displayName: 'Phone', kind: 'phone' });
      await write(o.client, 'not for phones');
      const event = await bridge.event('chat.sent');
      assert.deepEqual(Object.keys(event), ['log']);
      for (const [request, data] of [
        ['chat.send', { id: randomUUID(), text: 'x' }],
        ['chat.history', { roomId }],
        ['chat.sync', { roomId }],
        ['chat.search', { roomId, query: 'phones' }],
        ['chat.read', { seq: 1 }],
        ['chat.delete', { seq: 1 }],
        ['chat.typing', {}],
      ] as const) {
        assert.equal(await bridge.refusal(request, data), 'FORBIDDEN', request);
      }
    });

    it('threat 46: text is cleaned of what hides or reorders it, and limited', async () => {
      const { client } = await enter(olga);
      const seq = await write(
        client,
        '  \u202eevil\u202c \u2066x\u2069\u200b\r\n\r\n\r\n\r\n\r\nnext\ttab\0 <script> ',
      );
      assert.deepEqual(await texts(client), ['  evil x\n\n\nnext  tab <script>']);
      assert.equal(seq, 1);
      await write(client, `Z${'\u0301'.repeat(1000)}algo`);
      const zalgo = (await texts(client)).at(-1) ?? '';
      assert.ok(zalgo.length < 12, zalgo);
      for (const text of [
        '',
        ' \n ',
        '\u202e\u200b',
        'x'.repeat(4001),
        'e\u0301'.repeat(2001),
        '\u0301'.repeat(65_536),
      ]) {
        assert.equal(await client.refusal('chat.send', { id: randomUUID(), text }), 'BAD_REQUEST');
      }
      for (const emoji of ['x', '', '<b>', '👍👍', '\u202e']) {
        assert.equal(await client.refusal('chat.react', { seq, emoji, on: true }), 'BAD_REQUEST');
      }
      const mentions = Array.from({ length: 21 }, () => 'a'.repeat(64));
      assert.equal(
        await client.refusal('chat.send', { id: randomUUID(), text: 'x', mentions }),
        'BAD_REQUEST',
      );
    });

    it('threat 4: a flood is refused to its sender, and others write and read as before', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const refused = new Set<string>();
      let written = 0;
      await Promise.all(
        Array.from({ length: 60 }, async () => {
          const answer = await m.client.ask('chat.send', { id: randomUUID(), text: 'flood '.repeat(500) });
          if (answer.ok) {
            written += 1;
          } else {
            refused.add(answer.error.code);
          }
        }),
      );
      assert.deepEqual([...refused], ['RATE_LIMITED']);
      assert.ok(written >= 5 && written <= 10, String(written));
      await write(o.client, 'calm');
      assert.equal((await texts(o.client)).at(-1), 'calm');
      // Reading costs the database too.
      const reads = await Promise.all(
        Array.from({ length: 100 }, () => m.client.ask('chat.search', { roomId, query: 'flood', limit: 1 })),
      );
      const codes = new Set(reads.map((answer) => answer.ok || answer.error.code));
      assert.deepEqual([...codes].sort(), ['RATE_LIMITED', true].sort());
      assert.equal((await texts(o.client)).at(-1), 'calm');
    });

    it('tells others who is writing, at most once a second', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const startedMs = performance.now();
      await m.client.get('chat.typing', {});
      const { participantIds } = await o.client.event('chat.typing');
      assert.deepEqual(participantIds, [m.participantId]);
      for (let n = 0; n < 20; n += 1) {
        await m.client.get('chat.typing', {});
      }
      const seconds = (performance.now() - startedMs) / 1000;
      assert.ok(o.client.count('chat.typing') <= 1 + Math.ceil(seconds));
      assert.equal(m.client.count('chat.typing'), 0);
      // Nothing of it is stored.
      assert.deepEqual(await texts(o.client), []);
    });

    it('the operator reads, searches, exports and deletes the chat of a room', async () => {
      const { client } = await enter(olga);
      await write(client, 'first line\nOlga: not really');
      const second = await write(client, 'second');
      const api = (method: string, path: string) => server.api(method, `/api/rooms/${roomId}/chat${path}`);
      const list = (await api('GET', '?limit=1')).body as {
        messages: Array<{ text: string }>;
        more: boolean;
      };
      assert.deepEqual([list.messages.map(({ text }) => text), list.more], [['second'], true]);
      const searched = (await api('GET', '/search?query=FIRST')).body as { messages: unknown[] };
      assert.equal(searched.messages.length, 1);
      await api('DELETE', `/${second}`);
      await client.event('chat.changed', ({ change }) => change?.gone === 'removed');
      assert.equal((await api('DELETE', `/${second}`)).status, 404);
      const exported = (await api('GET', '/export')).body as Array<{ text: string }>;
      assert.deepEqual(
        exported.map(({ text }) => text),
        ['first line\nOlga: not really', ''],
      );
      const key = (await server.api('GET', `/api/rooms/${roomId}/chat`, undefined, 'wrong')).status;
      assert.equal(key, 401);
      assert.deepEqual((await api('DELETE', '')).body, { messagesDeleted: 2 });
      await client.event('chat.cleared');
      assert.deepEqual(await texts(client), []);
      assert.equal(await write(client, 'a new chat'), 1);
      assert.deepEqual(await found(client, 'first'), []);
      assert.deepEqual(await found(client, 'new'), ['a new chat']);
    });
  });
}

describe('a chat whose database is locked', () => {
  it('threat 15: refuses messages with a code, the call goes on, and the message arrives once when it is free', async () => {
    const server = await InProcessServer.start();
    const other = new Database(join(server.dataDir, 'canopy.sqlite'));
    try {
      const [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server)]);
      const people = await Bystanders.start(server.url, ann, bob);
      const { client } = people.ann;
      other.exec('BEGIN IMMEDIATE');
      const message = { id: randomUUID(), text: 'Hello' };
      assert.equal(await client.refusal('chat.send', message), 'STORE_BUSY');
      assert.deepEqual((await client.get('chat.history', { roomId: 'bystanders' })).messages, []);
      await people.goOn();
      other.exec('ROLLBACK');
      await client.get('chat.send', message);
      await client.get('chat.send', message);
      await people.bob.client.event('chat.sent');
      await people.bob.client.get('session.ping', {});
      assert.equal(people.bob.client.count('chat.sent'), 1);
      await people.leave();
    } finally {
      other.close();
      await server.close();
    }
  });
});

describe('a full chat', () => {
  it('threat 40: beyond its size a room takes no more messages, with a code, until some are deleted', async () => {
    const server = await InProcessServer.start({ 'limits.chatBytesPerRoom': 65_536 });
    try {
      const client = await ProtocolClient.enter(server.url, await newIdentity(server));
      await client.get('room.join', { roomId: 'full' });
      const long = 'x'.repeat(4000);
      let code: string | undefined;
      let seq = 0;
      while (code === undefined) {
        const answer = await client.ask('chat.send', { id: randomUUID(), text: long });
        if (answer.ok) {
          ({ seq } = answer.result as { seq: number });
        } else {
          ({ code } = answer.error);
        }
      }
      assert.equal(code, 'CHAT_FULL');
      assert.equal(seq, 7);
      await client.get('chat.delete', { seq });
      await client.get('chat.send', { id: randomUUID(), text: 'short again' });
      client.close();
    } finally {
      await server.close();
    }
  });
});
