import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { DirectPerson, TestKernel } from '../testing/index.ts';

interface Someone {
  identity: Identity;
  accountId: string;
}

for (const engine of storeEngines()) {
  describe(`breakout rooms (${engine.name})`, { skip: engine.skip }, () => {
    let server: InProcessServer;
    let gateway: Identity;
    let olga: Someone;
    let turn = 0;
    /** Each test has its own main room. */
    let roomId = '';
    const clients: ProtocolClient[] = [];

    before(async () => {
      const url = await engine.newUrl();
      server = await InProcessServer.start({ 'store.url': url });
      gateway = await newGatewayIdentity(server, url);
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
      olga = await person({ displayName: 'Olga' });
    });

    const person = async (options: Parameters<typeof newIdentity>[1]): Promise<Someone> => {
      const identity = await newIdentity(server, options);
      const client = await ProtocolClient.open(server.url);
      const { accountId } = await client.get('auth.prove', await client.proof(identity));
      client.close();
      return { identity, accountId };
    };
    const guest = (displayName: string) => person({ role: 'guest', roomId, displayName });
    const connect = async ({ identity }: Someone) => {
      const client = await ProtocolClient.enter(server.url, identity);
      clients.push(client);
      return client;
    };
    const enter = async (someone: Someone, room = roomId) => {
      const client = await connect(someone);
      await client.get('room.join', { roomId: room });
      return client;
    };
    const move = async (client: ProtocolClient, to: string) => {
      await client.get('room.leave', {});
      return client.get('room.join', { roomId: to });
    };
    /** Plans two rooms, and returns their ids. */
    const plan = async (
      client: ProtocolClient,
      assign: 'even' | 'none' | 'choice' = 'none',
      names = ['One', 'Two'],
    ) => {
      await client.get('breakout.plan', { names, assign });
      const { breakouts } = await client.event(
        'breakout.changed',
        (event) => event.breakouts.rooms.map(({ name }) => name).join() === names.join(),
      );
      return breakouts.rooms.map((room) => room.roomId) as [string, string];
    };
    /** Waits until the rooms have had these states, one after the other. */
    const states = (client: ProtocolClient, ...expected: string[]) => {
      const seen = new WeakSet<object>();
      return client.event('breakout.changed', ({ breakouts }) => {
        if (!seen.has(breakouts) && breakouts.status === expected[0]) {
          expected.shift();
        }
        seen.add(breakouts);
        return expected.length === 0;
      });
    };

    it('a moderator assigns people, opens the rooms, sees who is where and calls everybody back', async () => {
      const [gus, eve] = [await guest('Gus'), await guest('Eve')];
      const [o, g, e] = [await enter(olga), await enter(gus), await enter(eve)];
      const [one, two] = await plan(o);
      await o.get('breakout.assign', { personId: gus.accountId, roomId: one });
      assert.equal(g.count('breakout.move'), 0, 'nobody moves before the rooms are open');
      await o.get('breakout.open', {});
      const { roomId: to, inSeconds } = await g.event('breakout.move');
      assert.deepEqual([to, inSeconds], [one, 0]);
      const { parts, participants } = await move(g, to);
      assert.equal(parts.room.title, 'One');
      assert.deepEqual(
        [parts.breakouts.parentId, parts.breakouts.own, parts.breakouts.people],
        [roomId, one, []],
      );
      assert.equal(participants.length, 1);
      const { breakouts } = await o.event('breakout.changed', (event) =>
        event.breakouts.people.some(({ at }) => at === one),
      );
      assert.deepEqual(
        breakouts.people.map(({ displayName, assigned, at }) => [displayName, assigned, at]).toSorted(),
        [
          ['Eve', null, roomId],
          ['Gus', one, one],
          ['Olga', null, roomId],
        ],
      );
      // Eve came late, or nobody thought of her. She is sent to the other room, and from there to Gus.
      for (const target of [two, one]) {
        await o.get('breakout.assign', { personId: eve.accountId, roomId: target });
        await e.event('breakout.move', (event) => event.roomId === target);
        await move(e, target);
      }
      assert.equal(
        (await g.event('participant.joined', ({ participant }) => participant.displayName === 'Eve'))
          .participant.displayName,
        'Eve',
      );
      await o.get('breakout.message', { text: 'Five minutes left' });
      for (const client of [o, g, e]) {
        assert.deepEqual(await client.event('breakout.message'), { text: 'Five minutes left', from: 'Olga' });
      }
      await g.get('breakout.help', {});
      assert.deepEqual(await o.event('breakout.help'), { roomId: one, from: 'Gus' });
      assert.equal(e.count('breakout.help'), 0);
      await move(o, one);
      await o.get('breakout.close', {});
      for (const client of [o, g, e]) {
        const back = await client.event('breakout.move', (event) => event.roomId === roomId);
        assert.equal(back.inSeconds, 10);
        await move(client, roomId);
      }
      await states(o, 'open', 'planned');
      await g.get('room.leave', {});
      assert.equal(await g.refusal('room.join', { roomId: one }), 'BREAKOUT_UNKNOWN');
    });

    it('threat 5: only those assigned enter a breakout room, and moderators whom the main room lets in', async () => {
      const [gus, eve] = [await guest('Gus'), await guest('Eve')];
      const [o, g, e] = [await enter(olga), await enter(gus), await enter(eve)];
      assert.equal(await g.refusal('breakout.plan', { names: ['A', 'B'], assign: 'none' }), 'FORBIDDEN');
      const [one, two] = await plan(o);
      await o.get('breakout.assign', { personId: gus.accountId, roomId: one });
      const outside = await person({ displayName: 'Mia' });
      const mia = await connect(outside);
      assert.equal(await mia.refusal('room.join', { roomId: one }), 'BREAKOUT_UNKNOWN');
      await o.get('room.configure', { roomId, locked: true });
      await o.get('breakout.open', {});
      await e.get('room.leave', {});
      assert.equal(await e.refusal('room.join', { roomId: one }), 'FORBIDDEN');
      assert.equal(await mia.refusal('room.join', { roomId: one }), 'ROOM_LOCKED');
      assert.equal(await mia.refusal('chat.sync', { roomId: one }), 'ROOM_LOCKED');
      await move(g, one);
      for (const request of ['open', 'close', 'discard']) {
        assert.equal(await g.refusal(`breakout.${request}`, {}), 'FORBIDDEN', request);
      }
      assert.equal(await g.refusal('breakout.choose', { roomId: two }), 'FORBIDDEN');
      assert.equal(await g.refusal('breakout.message', { text: 'Hi' }), 'FORBIDDEN');
      assert.equal(await o.refusal('breakout.plan', { names: ['A', 'B'], assign: 'none' }), 'BREAKOUTS_OPEN');
      // Everyone has left the main room, which stays as it was: Gus may come back although it is locked.
      await move(o, two);
      await move(g, roomId);
      await move(o, roomId);
      await o.get('ban.add', { accountId: gus.accountId });
      assert.equal(await g.ended(), 'BANNED');
      const again = await connect(gus);
      assert.equal(await again.refusal('room.join', { roomId: one }), 'BANNED');
    });

    it('threat 64: whoever is banned or removed in a breakout room is out of the whole meeting', async () => {
      const mia = await person({ displayName: 'Mia' });
      const [gus, eve] = [await guest('Gus'), await guest('Eve')];
      const [o, m, g, e] = [await enter(olga), await enter(mia), await enter(gus), await enter(eve)];
      const [one, two] = await plan(o);
      for (const { accountId: personId } of [gus, eve, mia]) {
        await o.get('breakout.assign', { personId, roomId: one });
      }
      await o.get('breakout.open', {});
      const { participantId: gusThere = '' } = await move(g, one);
      await move(e, one);
      await move(m, one);
      assert.equal(await m.refusal('ban.add', { accountId: olga.accountId }), 'FORBIDDEN', 'an owner');
      await m.get('ban.add', { accountId: eve.accountId });
      await m.get('participant.kick', { participantId: gusThere });
      assert.deepEqual([await e.ended(), await g.ended()], ['BANNED', 'KICKED']);
      const [eveAgain, gusAgain] = [await connect(eve), await connect(gus)];
      for (const room of [roomId, one, two]) {
        assert.equal(await eveAgain.refusal('room.join', { roomId: room }), 'BANNED', room);
        assert.equal(await gusAgain.refusal('room.join', { roomId: room }), 'KICKED', room);
      }
      const { bans } = await m.get('ban.list', {});
      assert.deepEqual(bans, (await o.get('ban.list', {})).bans);
      assert.deepEqual(
        bans.map(({ accountId }) => accountId),
        [eve.accountId],
      );
      // Later, both are newcomers: no assignment leads past the lock of the main room.
      await o.event('breakout.changed', ({ breakouts }) =>
        [gus, eve].every(
          ({ accountId }) =>
            breakouts.people.find(({ personId }) => personId === accountId)?.assigned == null,
        ),
      );
      await o.get('room.configure', { roomId, locked: true });
      await m.get('ban.lift', { accountId: eve.accountId });
      await m.get('participant.readmit', { accountId: gus.accountId });
      for (const client of [eveAgain, gusAgain]) {
        assert.equal(await client.refusal('room.join', { roomId }), 'ROOM_LOCKED');
        assert.equal(await client.refusal('room.join', { roomId: one }), 'FORBIDDEN');
      }
    });

    it('threat 64: a ban from the main room also removes whoever is in a breakout room', async () => {
      const gus = await guest('Gus');
      const [o, g] = [await enter(olga), await enter(gus)];
      const [one] = await plan(o);
      await o.get('breakout.assign', { personId: gus.accountId, roomId: one });
      await o.get('breakout.open', {});
      await move(g, one);
      await o.get('ban.add', { accountId: gus.accountId });
      assert.equal(await g.ended(), 'BANNED');
      const { body } = await server.api('GET', '/api/audit');
      const { entries } = body as { entries: Array<{ action: string; roomId: string | null }> };
      const acts = entries.filter((entry) => entry.roomId === roomId).map(({ action }) => action);
      assert.ok(
        ['breakout.plan', 'breakout.open'].every((action) => acts.includes(action)),
        acts.join(),
      );
    });

    it('threat 54: one person cannot use up the breakout rooms of everyone else', async () => {
      const mia = await person({ displayName: 'Mia' });
      const m = await connect(mia);
      for (let count = 0; count < 20; count += 1) {
        await m.get('room.join', { roomId: `many-${turn}-${count}` });
        await m.get('breakout.plan', { names: ['A', 'B'], assign: 'none' });
        await m.get('room.leave', {});
      }
      await m.get('room.join', { roomId: `many-${turn}-x` });
      assert.equal(await m.refusal('breakout.plan', { names: ['A', 'B'], assign: 'none' }), 'LIMIT_REACHED');
      await move(m, `many-${turn}-0`);
      await m.get('breakout.discard', {});
      await move(m, `many-${turn}-x`);
      await m.get('breakout.plan', { names: ['A', 'B'], assign: 'none' });
    });

    it('people choose their rooms, everyone is split evenly, and the rooms are in nobody’s list', async () => {
      const people = await Promise.all(['Ann', 'Bob', 'Cem', 'Dan'].map(guest));
      const o = await enter(olga);
      const others = [];
      for (const each of people) {
        others.push(await enter(each));
      }
      const [one, two] = await plan(o, 'even');
      const { breakouts } = await o.event('breakout.changed', (event) =>
        event.breakouts.people.some(({ assigned }) => assigned !== null),
      );
      const sizes = [one, two, null].map(
        (room) => breakouts.people.filter(({ assigned }) => assigned === room).length,
      );
      assert.deepEqual(sizes, [2, 2, 1]);
      await o.get('breakout.discard', {});
      const [red] = await plan(o, 'choice', ['Red', 'Blue']);
      await o.get('breakout.open', { seconds: 60 });
      const [ann] = others;
      assert.ok(ann);
      const open = await ann.event('breakout.changed', (event) => event.breakouts.status === 'open');
      assert.ok((open.breakouts.endsAtMs ?? 0) > Date.now());
      assert.deepEqual(
        open.breakouts.rooms.map(({ name }) => name),
        ['Red', 'Blue'],
      );
      await ann.get('breakout.choose', { roomId: red });
      await move(ann, red);
      await o.event('breakout.changed', (event) => event.breakouts.rooms.some(({ count }) => count === 1));
      await move(o, red);
      for (const which of ['mine', 'recent'] as const) {
        const { rooms } = await o.get('room.list', { which });
        assert.ok(!rooms.some((room) => room.roomId.startsWith('breakout-')), which);
      }
    });

    it('the gateway moves a phone into its room, and back although the main room is locked', async () => {
      const o = await enter(olga);
      const phoneIn = async (room: string, movedFrom?: string) => {
        const bridge = await connect({ identity: gateway, accountId: '' });
        await bridge.get('room.join', { roomId: room });
        const { participantId } = await bridge.get('participant.add', {
          displayName: 'Phone',
          kind: 'phone',
          ...(movedFrom !== undefined && { movedFrom }),
        });
        return { bridge, participantId };
      };
      const called = await phoneIn(roomId);
      const [one] = await plan(o);
      await o.get('breakout.assign', { personId: called.participantId, roomId: one });
      await o.get('room.configure', { roomId, locked: true });
      assert.equal(called.bridge.count('breakout.movePhone'), 0);
      await o.get('breakout.open', {});
      assert.deepEqual(await called.bridge.event('breakout.movePhone'), {
        participantId: called.participantId,
        roomId: one,
      });
      const inside = await phoneIn(one, called.participantId);
      await called.bridge.get('participant.remove', { participantId: called.participantId });
      const { breakouts } = await o.event('breakout.changed', ({ breakouts: { people } }) => {
        const phones = people.filter(({ kind }) => kind === 'phone');
        return phones.length === 1 && phones[0]?.at === one;
      });
      assert.deepEqual(
        breakouts.people.find(({ kind }) => kind === 'phone'),
        { personId: inside.participantId, kind: 'phone', displayName: 'Phone', assigned: one, at: one },
      );
      await o.get('breakout.close', {});
      const back = await inside.bridge.event('breakout.movePhone');
      assert.equal(back.roomId, roomId);
      const add = { displayName: 'Phone', kind: 'phone' } as const;
      // Not any phone gets in, only this one.
      for (const stranger of [add, { ...add, movedFrom: randomUUID() }]) {
        assert.equal(await called.bridge.refusal('participant.add', stranger), 'ROOM_LOCKED');
      }
      const moved = { ...add, movedFrom: inside.participantId };
      await called.bridge.get('participant.add', moved);
      assert.equal(await called.bridge.refusal('participant.add', moved), 'ROOM_LOCKED');
    });

    it('breakout rooms go with their main room', async () => {
      const gus = await guest('Gus');
      const [o, g] = [await enter(olga), await enter(gus)];
      const [one] = await plan(o);
      await o.get('breakout.assign', { personId: gus.accountId, roomId: one });
      await o.get('breakout.open', {});
      await move(g, one);
      await g.get('chat.send', { id: randomUUID(), text: 'Hello' });
      await o.get('room.delete', { roomId });
      assert.equal(await g.ended(), 'ROOM_DELETED');
      const again = await connect(gus);
      assert.equal((await again.ask('chat.history', { roomId: one })).ok, false);
    });
  });
}

describe('breakout rooms and a restart of the server', () => {
  it('people come back into the room where they were', async () => {
    const host = await TestKernel.open();
    try {
      const [ann, bob] = [new DirectPerson('main'), new DirectPerson('main')];
      await ann.enter(host.kernel);
      await bob.enter(host.kernel);
      await ann.request('breakout.plan', { names: ['One', 'Two'], assign: 'even' });
      await ann.request('breakout.open', {});
      const { db } = host.kernel.store;
      const { plan } = await db.selectFrom('breakouts').selectAll().executeTakeFirstOrThrow();
      const { people } = JSON.parse(plan) as { people: Record<string, { roomId: string }> };
      const roomId = people[bob.accountId]?.roomId ?? '';
      const inside = new DirectPerson(roomId, bob.accountId);
      bob.cut();
      await inside.enter(host.kernel);
      assert.ok(host.kernel.rooms.find(roomId));
      inside.cut();
      ann.cut();
      await host.restart();
      await inside.enter(host.kernel);
      assert.equal(host.kernel.rooms.find(roomId)?.record.parentId, 'main');
      assert.ok(inside.connected);
      inside.cut();
    } finally {
      await host.close();
    }
  });
});
