import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import type { RequestInput } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../test/support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../index.ts';

interface Someone {
  identity: Identity;
  accountId: string;
}

const LUNCH = { question: 'Lunch?', answers: ['Soup', 'Salad', 'Bread'] };

for (const engine of storeEngines()) {
  describe(`polls (${engine.name})`, { skip: engine.skip }, () => {
    let server: InProcessServer;
    /** A second connection to the server's database. */
    let store: Store;
    let olga: Someone;
    let max: Someone;
    let turn = 0;
    /** Each test has its own room. */
    let roomId = '';
    const clients: ProtocolClient[] = [];

    before(async () => {
      const url = await engine.newUrl();
      server = await InProcessServer.start({ 'store.url': url });
      store = await openStore(server.dataDir, { migrations: MIGRATIONS, url });
    });
    after(async () => {
      await store.close();
      await server.close();
      await engine.close();
    });
    beforeEach(async () => {
      turn += 1;
      roomId = `room-${turn}`;
      for (const client of clients.splice(0)) {
        client.close();
      }
      // New ones, since how often they may ask and vote is limited.
      [olga, max] = await Promise.all([person({ displayName: 'Olga' }), person({ displayName: 'Max' })]);
    });

    const person = async (options: Parameters<typeof newIdentity>[1]): Promise<Someone> => {
      const identity = await newIdentity(server, options);
      const client = await ProtocolClient.open(server.url);
      const { accountId } = await client.get('auth.prove', await client.proof(identity));
      client.close();
      return { identity, accountId };
    };
    const guestOf = (room: string) => person({ role: 'guest', roomId: room, displayName: 'Gus' });
    const enter = async ({ identity }: Someone) => {
      const client = await ProtocolClient.enter(server.url, identity);
      clients.push(client);
      await client.get('room.join', { roomId });
      // Since then the server knows that they see polls here.
      await client.get('poll.list', {});
      return client;
    };
    const ask = async (client: ProtocolClient, more: Partial<RequestInput<'poll.create'>> = {}) =>
      (await client.get('poll.create', { ...LUNCH, open: true, ...more })).pollId;
    const seen = async (client: ProtocolClient, pollId: string) =>
      (await client.get('poll.list', {})).polls.find((poll) => poll.pollId === pollId);
    const api = async (path = '', method = 'GET') =>
      (await server.api(method, `/api/rooms/${roomId}/polls${path}`)).body as {
        polls: Array<{ pollId: string; counts: number[]; voterNames?: string[][] }>;
      };

    it('everyone gets the question, votes and changes their vote, and sees the results, also after closing', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const pollId = await ask(o);
      const { poll } = await m.event('poll.opened');
      assert.deepEqual(
        [poll.question, poll.answers, poll.author?.displayName, poll.voters, poll.counts],
        ['Lunch?', LUNCH.answers, 'Olga', 0, undefined],
      );
      await m.get('poll.vote', { pollId, answers: [1] });
      await o.event('poll.votes', ({ voters, counts }) => voters === 1 && counts?.[1] === 1);
      await o.get('poll.vote', { pollId, answers: [0] });
      await m.get('poll.vote', { pollId, answers: [0] });
      await m.event('poll.votes', ({ counts }) => counts?.[0] === 2 && counts[1] === 0);
      assert.deepEqual((await seen(m, pollId))?.vote, [0]);
      await m.get('poll.vote', { pollId, answers: [] });
      await o.event('poll.votes', ({ rev, voters }) => voters === 1 && rev > 5);
      await o.get('poll.close', { pollId });
      const closed = await m.event('poll.closed');
      assert.deepEqual([closed.voters, closed.counts], [1, [1, 0, 0]]);
      assert.equal(await m.refusal('poll.vote', { pollId, answers: [1] }), 'POLL_NOT_OPEN');
      const late = await enter(await person({ displayName: 'Lea', role: 'admin' }));
      assert.deepEqual((await seen(late, pollId))?.counts, [1, 0, 0]);
      assert.deepEqual((await m.get('poll.voters', { pollId })).answers, [
        [{ accountId: olga.accountId, displayName: 'Olga' }],
        [],
        [],
      ]);
    });

    it('an account votes once, on whichever device, and its devices agree', async () => {
      const [identity] = await linkDevices(max.identity, 1);
      assert.ok(identity);
      const [o, first, second] = [await enter(olga), await enter(max), await enter({ ...max, identity })];
      const pollId = await ask(o);
      await first.get('poll.vote', { pollId, answers: [2] });
      await second.event('poll.voted', ({ answers }) => answers[0] === 2);
      await second.get('poll.vote', { pollId, answers: [1] });
      await first.event('poll.voted', ({ answers }) => answers[0] === 1);
      const poll = await seen(o, pollId);
      assert.deepEqual([poll?.voters, poll?.counts], [1, [0, 1, 0]]);
    });

    it('one answer where one is asked for; several, and none twice, where several are', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const single = await ask(o);
      const several = await ask(o, { multiple: true });
      for (const answers of [[0, 1], [3]]) {
        assert.equal(await m.refusal('poll.vote', { pollId: single, answers }), 'BAD_REQUEST');
      }
      assert.equal(await m.refusal('poll.vote', { pollId: several, answers: [0, 0] }), 'BAD_REQUEST');
      await m.get('poll.vote', { pollId: several, answers: [2, 0] });
      const poll = await seen(o, several);
      assert.deepEqual([poll?.counts, poll?.voters], [[1, 0, 1], 1]);
      const twice = { ...LUNCH, answers: ['Soup', 'So\u200bup'], open: true };
      for (const bad of [
        twice,
        { ...LUNCH, answers: ['Soup'], open: true },
        { ...LUNCH, question: '\u202e', open: true },
      ]) {
        assert.equal(await o.refusal('poll.create', bad), 'BAD_REQUEST');
      }
    });

    it('results are seen at any time, once one has voted, or once the poll is closed; its author sees them', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const gus = await enter(await guestOf(roomId));
      for (const results of ['always', 'voted', 'closed'] as const) {
        const pollId = await ask(o, { results });
        const shown = async () =>
          Promise.all([o, m, gus].map(async (client) => (await seen(client, pollId))?.counts !== undefined));
        await m.get('poll.vote', { pollId, answers: [0] });
        assert.deepEqual(
          await shown(),
          { always: [true, true, true], voted: [true, true, false], closed: [true, false, false] }[results],
        );
        await m.event('poll.votes', (votes) => votes.pollId === pollId);
        assert.equal(
          gus.count('poll.votes', (votes) => votes.pollId === pollId && votes.counts !== undefined) > 0,
          results === 'always',
        );
        if (results !== 'always') {
          assert.equal(await gus.refusal('poll.voters', { pollId }), 'FORBIDDEN');
        }
        await o.get('poll.close', { pollId });
        await gus.event('poll.closed', (closed) => closed.pollId === pollId);
        assert.deepEqual(await shown(), [true, true, true]);
      }
    });

    it('nobody is told who voted in an anonymous poll, and nothing of it is kept once it is closed', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const pollId = await ask(o, { anonymous: true });
      await m.get('poll.vote', { pollId, answers: [1] });
      await o.event('poll.votes');
      assert.equal(await o.refusal('poll.voters', { pollId }), 'FORBIDDEN');
      const rows = () =>
        store.db.selectFrom('poll_votes').selectAll().where('poll_id', '=', pollId).execute();
      assert.deepEqual(
        (await rows()).map(({ account_id, display_name }) => [account_id, display_name]),
        [[max.accountId, null]],
      );
      await o.get('poll.close', { pollId });
      assert.deepEqual(await rows(), []);
      assert.equal(await o.refusal('poll.voters', { pollId }), 'FORBIDDEN');
      const [result] = (await api()).polls;
      assert.deepEqual([result?.counts, result?.voterNames], [[0, 1, 0], undefined]);
      // What was said about it by the server names Max only as the one who was told about his own vote.
      assert.equal(o.count('poll.voted'), 0);
    });

    it('drafts are seen by their author and moderators, and become polls when they are opened', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const gus = await enter(await guestOf(roomId));
      const pollId = await ask(o, { open: false });
      await m.event('poll.draft');
      assert.equal(await seen(gus, pollId), undefined);
      assert.equal(await gus.refusal('poll.vote', { pollId, answers: [0] }), 'POLL_UNKNOWN');
      assert.equal(await m.refusal('poll.vote', { pollId, answers: [0] }), 'POLL_NOT_OPEN');
      await m.get('poll.edit', { pollId, ...LUNCH, question: 'Dinner?' });
      await m.get('poll.open', { pollId });
      const { poll } = await gus.event('poll.opened');
      assert.deepEqual([poll.question, poll.author?.displayName], ['Dinner?', 'Olga']);
      assert.equal(gus.count('poll.draft'), 0);
      assert.equal(await o.refusal('poll.edit', { pollId, ...LUNCH }), 'POLL_STARTED');
      await o.get('poll.delete', { pollId });
      await gus.event('poll.deleted');
      assert.equal(await seen(o, pollId), undefined);
    });

    it('threat 5: only those who may ask ask, and others neither close nor delete what they did not ask', async () => {
      const o = await enter(olga);
      const guest = await guestOf(roomId);
      const gus = await enter(guest);
      const pollId = await ask(o);
      assert.equal(await gus.refusal('poll.create', { ...LUNCH, open: true }), 'FORBIDDEN');
      for (const request of ['poll.close', 'poll.delete']) {
        assert.equal(await gus.refusal(request, { pollId }), 'FORBIDDEN');
        assert.equal(await gus.refusal(request, { pollId: randomUUID() }), 'POLL_UNKNOWN');
      }
      await o.get('room.configure', { roomId, permissions: { speaker: ['room.enter', 'poll.create'] } });
      const own = await ask(gus);
      assert.equal(await gus.refusal('poll.vote', { pollId, answers: [0] }), 'FORBIDDEN');
      await gus.get('poll.close', { pollId: own });
      await o.get('poll.delete', { pollId: own });
      const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
      clients.push(bridge);
      await bridge.get('room.join', { roomId });
      assert.equal(await bridge.refusal('poll.list', {}), 'FORBIDDEN');
      await ask(o, { question: 'Secret?' });
      await gus.event('poll.opened', ({ poll }) => poll.question === 'Secret?');
      await bridge.get('session.ping', {});
      assert.equal(
        bridge.count('poll.opened', (event) => 'poll' in event),
        0,
      );
    });

    it('threat 5: whoever comes later does not see what was asked and closed before, unless the room says so', async () => {
      const o = await enter(olga);
      const before = await ask(o);
      await o.get('poll.close', { pollId: before });
      const open = await ask(o);
      const gus = await enter(await guestOf(roomId));
      assert.equal(await seen(gus, before), undefined);
      assert.equal(await gus.refusal('poll.voters', { pollId: before }), 'POLL_UNKNOWN');
      assert.equal((await seen(gus, open))?.status, 'open');
      await o.get('poll.close', { pollId: open });
      assert.equal((await seen(gus, open))?.status, 'closed');
      await o.get('room.configure', { roomId, chatHistory: 'all' });
      assert.equal((await seen(gus, before))?.status, 'closed');
    });

    it('closes by itself when its time is over, whether or not somebody is there', async () => {
      const o = await enter(olga);
      const [there, alone] = [
        await ask(o, { closeAfterSeconds: 10 }),
        await ask(o, { closeAfterSeconds: 10, anonymous: true }),
      ];
      const { poll } = await o.event('poll.opened', (opened) => opened.poll.pollId === there);
      assert.equal((poll.closesAtMs ?? 0) - (poll.openedAtMs ?? 0), 10_000);
      await o.get('poll.vote', { pollId: alone, answers: [1] });
      // Nobody waits ten seconds here. The clock looks at the store whenever a poll with a deadline is opened.
      const hurry = (pollId: string, closes_at_ms: number) =>
        store.db.updateTable('polls').set({ closes_at_ms }).where('poll_id', '=', pollId).execute();
      await hurry(there, Date.now() + 500);
      const look = await ask(o, { closeAfterSeconds: 3600 });
      const closed = await o.event('poll.closed', ({ pollId }) => pollId === there);
      assert.ok(closed.closedAtMs >= (poll.openedAtMs ?? 0) && closed.by === null);
      assert.equal((await seen(o, look))?.status, 'open');
      await o.get('room.leave', {});
      o.close();
      await hurry(alone, 1);
      const elsewhere = await ProtocolClient.enter(server.url, max.identity);
      clients.push(elsewhere);
      await elsewhere.get('room.join', { roomId: `${roomId}-other` });
      await ask(elsewhere, { closeAfterSeconds: 3600 });
      let votes: unknown[];
      do {
        votes = await store.db.selectFrom('poll_votes').selectAll().where('poll_id', '=', alone).execute();
      } while (votes.length > 0);
      assert.deepEqual((await seen(await enter(olga), alone))?.counts, [0, 1, 0]);
    });

    it('threat 4: so many polls in a room, so many open, and so many changes at once', async () => {
      const o = await enter(olga);
      for (let count = 0; count < 10; count += 1) {
        await ask(o);
      }
      assert.equal(await o.refusal('poll.create', { ...LUNCH, open: true }), 'LIMIT_REACHED');
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => o.ask('poll.create', { ...LUNCH, open: false })),
      );
      const refused = answers.filter((answer) => !answer.ok && answer.error.code === 'RATE_LIMITED');
      assert.ok(refused.length >= 15, `${refused.length} of 30`);
      const { polls } = await o.get('poll.list', { limit: 1 });
      const votes = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          o.ask('poll.vote', { pollId: polls.at(-1)?.pollId, answers: [n % 3] }),
        ),
      );
      assert.ok(votes.filter((answer) => !answer.ok && answer.error.code === 'RATE_LIMITED').length >= 30);
    });

    it('the operator reads, saves and deletes polls', async () => {
      const [o, m] = [await enter(olga), await enter(max)];
      const pollId = await ask(o, { question: '=1+1 "quoted"' });
      await m.get('poll.vote', { pollId, answers: [2] });
      const [poll] = (await api()).polls;
      assert.deepEqual(
        [poll?.counts, poll?.voterNames],
        [
          [0, 0, 1],
          [[], [], ['Max']],
        ],
      );
      const key = readFileSync(`${server.dataDir}/api.key`, 'utf8').trim();
      const response = await fetch(new URL(`/api/rooms/${roomId}/polls?format=csv`, server.url), {
        headers: { authorization: `Bearer ${key}` },
      });
      assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
      const lines = (await response.text()).split('\r\n');
      assert.equal(lines.length, 5);
      assert.match(lines[3] ?? '', /^"'=1\+1 ""quoted""","open",.*,"1","Bread","1","Max","Olga"$/);
      await api(`/${pollId}`, 'DELETE');
      await m.event('poll.deleted');
      assert.deepEqual((await api()).polls, []);
    });

    it('a deleted room leaves nothing', async () => {
      const o = await enter(olga);
      await o.get('poll.vote', { pollId: await ask(o), answers: [0] });
      await o.get('room.delete', { roomId });
      const { db } = store;
      const polls = await db.selectFrom('polls').selectAll().where('room_id', '=', roomId).execute();
      const viewers = await db.selectFrom('poll_viewers').selectAll().where('room_id', '=', roomId).execute();
      assert.deepEqual([polls, viewers], [[], []]);
    });
  });
}
