import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc from 'fast-check';
// biome-ignore lint/plugin: the client side of a chat, without a connection
import { Chat } from '../../../client/sdk/chat/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import { DirectPerson, TestKernel } from '../testing/index.ts';

const RUNS = Number(process.env.CHAT_RUNS ?? 60);
const PEOPLE = 3;
const PATIENCE_MS = 20_000;

/** Somebody with the SDK's chat. */
class Person extends DirectPerson {
  readonly chat = new Chat({
    roomId: this.roomId,
    accountId: this.accountId,
    request: (name, data) => this.request(name, data),
    onServerEvent: (name, apply) => this.onServerEvent(name, apply),
    url: (path) => path,
    content: () => undefined,
  });
  /** What it was told about as news, by id. */
  readonly news: string[] = [];

  constructor(roomId: string) {
    super(roomId);
    this.chat.on('message', ({ id }) => this.news.push(id));
    this.onEntered = () => this.chat.entered();
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    assert.ok(performance.now() < deadlineMs);
    await turn();
  }
}

const STEPS = [
  'send',
  'send',
  'send',
  'edit',
  'react',
  'delete',
  'cut',
  'cut',
  'enter',
  'enter',
  'wait',
  'restart',
] as const;

describe('a chat under cuts and restarts', () => {
  let host: TestKernel;
  let kernel: Kernel;

  before(async () => {
    host = await TestKernel.open();
    kernel = host.kernel;
  });
  after(() => host.close());

  it(`${RUNS} random interleavings: everyone has every message once, in the same order and state`, async (t) => {
    let messages = 0;
    let restarts = 0;
    const step = fc.record({
      kind: fc.constantFrom(...STEPS),
      who: fc.nat(PEOPLE - 1),
      count: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }), async (steps) => {
        const roomId = `room-${randomUUID()}`;
        const people = Array.from({ length: PEOPLE }, () => new Person(roomId));
        for (const person of people) {
          await person.enter(kernel);
          // From here on, they may read what is written.
          await until(() => person.chat.isLoaded);
        }
        const sent = new Map<string, { who: number; text: string }>();
        const own = (who: number) =>
          people[who]?.chat.messages.filter(({ author }) => author?.accountId === people[who]?.accountId) ??
          [];
        for (const { kind, who, count } of steps) {
          const person = people[who] as Person;
          const [known] = person.chat.messages.slice(-count);
          const [mine] = own(who).slice(-count);
          const ignore = () => {};
          if (kind === 'send' && [...sent.values()].filter((one) => one.who === who).length < 6) {
            const text = `message ${sent.size}`;
            sent.set(person.chat.send({ text }).id, { who, text });
          } else if (kind === 'edit' && mine) {
            person.chat.edit(mine.seq, `edited ${randomUUID()}`).catch(ignore);
          } else if (kind === 'react' && known) {
            person.chat.react(known.seq, count % 2 ? '👍' : '🎉', count < 4).catch(ignore);
          } else if (kind === 'delete' && mine && count === 1) {
            person.chat.delete(mine.seq).catch(ignore);
          } else if (kind === 'cut') {
            person.cut();
          } else if (kind === 'enter') {
            void person.enter(kernel);
          } else if (kind === 'wait') {
            await turn();
          } else if (kind === 'restart' && count === 1) {
            restarts += 1;
            for (const each of people) {
              each.cut();
            }
            await host.restart();
            kernel = host.kernel;
          }
        }
        const deadlineMs = performance.now() + PATIENCE_MS;
        const isQuiet = () =>
          people.every(({ connected, chat }) => connected && chat.isLoaded && chat.pending.length === 0) &&
          new Set(people.map(({ chat }) => JSON.stringify(chat.messages))).size === 1;
        while (!isQuiet()) {
          assert.ok(
            performance.now() < deadlineMs,
            JSON.stringify(
              people.map(({ chat, connected }) => [
                connected,
                chat.pending,
                chat.messages.map(({ seq, rev }) => [seq, rev]),
              ]),
            ),
          );
          for (const each of people) {
            await each.enter(kernel);
          }
          await turn();
        }
        const all = people[0]?.chat.messages ?? [];
        assert.deepEqual(all.map(({ id }) => id).toSorted(), [...sent.keys()].toSorted());
        for (let who = 0; who < PEOPLE; who += 1) {
          // Each person's own messages are in the order in which they were written.
          assert.deepEqual(
            own(who).map(({ id }) => id),
            [...sent].flatMap(([id, one]) => (one.who === who ? [id] : [])),
          );
          const { news } = people[who] as Person;
          assert.equal(new Set(news).size, news.length, 'no message is announced twice');
        }
        messages += all.length;
        for (const each of people) {
          each.cut();
          each.chat.close();
        }
        const room = kernel.rooms.find(roomId);
        if (room) {
          kernel.rooms.end(room, 'ROOM_CLOSED');
        }
      }),
      { numRuns: RUNS, endOnFailure: true, seed: 20_261_129 },
    );
    t.diagnostic(`${messages} messages, ${restarts} restarts of the server`);
    assert.ok(messages > 3 * RUNS && restarts > RUNS / 10);
  });

  it('a message that the database refuses stays with its error until it is sent again or dropped', async () => {
    const roomId = `room-${randomUUID()}`;
    const [ann, bob] = [new Person(roomId), new Person(roomId)];
    for (const person of [ann, bob]) {
      await person.enter(kernel);
      await until(() => person.chat.isLoaded);
    }
    const other = new Database(join(host.dir, 'canopy.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const { id } = ann.chat.send({ text: 'kept' });
    ann.chat.send({ text: 'dropped' });
    await until(() => ann.chat.pending.every(({ state }) => state === 'failed'));
    assert.deepEqual(
      ann.chat.pending.map(({ text, error }) => [text, error?.code]),
      [
        ['kept', 'STORE_BUSY'],
        ['dropped', 'STORE_BUSY'],
      ],
    );
    other.exec('ROLLBACK');
    other.close();
    ann.chat.discard(ann.chat.pending[1]?.id ?? '');
    ann.chat.retry(id);
    await until(() => ann.chat.pending.length === 0);
    for (const { chat } of [ann, bob]) {
      assert.deepEqual(
        chat.messages.map(({ text }) => text),
        ['kept'],
      );
    }
    assert.deepEqual(bob.news, [id]);
    for (const person of [ann, bob]) {
      person.cut();
      person.chat.close();
    }
  });

  it('counts what is unread, on all devices of an account, until it is read', async () => {
    const roomId = `room-${randomUUID()}`;
    const [ann, bob] = [new Person(roomId), new Person(roomId)];
    for (const person of [ann, bob]) {
      await person.enter(kernel);
      await until(() => person.chat.isLoaded);
    }
    ann.chat.send({ text: 'one', mentions: [bob.accountId] });
    ann.chat.send({ text: 'two' });
    await until(() => bob.chat.messages.length === 2);
    assert.deepEqual(bob.chat.unread, { messages: 2, mentions: 1 });
    assert.deepEqual(ann.chat.unread, { messages: 0, mentions: 0 });
    bob.cut();
    ann.chat.send({ text: 'three' });
    await bob.enter(kernel);
    await until(() => bob.chat.messages.length === 3);
    assert.deepEqual(bob.chat.unread, { messages: 3, mentions: 1 });
    bob.chat.markRead(bob.chat.messages[1]?.seq ?? 0);
    assert.deepEqual(bob.chat.unread, { messages: 1, mentions: 0 });
    await ann.chat.delete(ann.chat.messages[2]?.seq ?? 0);
    await until(() => bob.chat.unread.messages === 0);
    for (const person of [ann, bob]) {
      person.cut();
      person.chat.close();
    }
  });
});
