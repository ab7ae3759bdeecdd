import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { type Client, connect, type DirectCall, type Identity } from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../test/support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { startSignaling } from '../../server.ts';

/** One device that rings, and every state of calls that it was told. */
class Phone {
  readonly client: Client;
  readonly seen: DirectCall[] = [];
  readonly #waiters = new Set<() => void>();

  private constructor(client: Client) {
    this.client = client;
    client.calls.on('changed', (call) => {
      this.seen.push(call);
      for (const wake of [...this.#waiters]) {
        wake();
      }
    });
  }

  static async open(url: string, identity: Identity): Promise<Phone> {
    const phone = new Phone(await connect({ url, identity }));
    await phone.client.calls.watch();
    return phone;
  }

  get calls(): Client['calls'] {
    return this.client.calls;
  }

  get accountId(): string {
    return this.client.account.accountId;
  }

  /** The first state, past or future, that fits. */
  async until(fits: (call: DirectCall) => boolean): Promise<DirectCall> {
    for (;;) {
      const found = this.seen.find(fits);
      if (found) {
        return found;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
      this.#waiters.delete(resolve);
    }
  }

  state(callId: string, state: DirectCall['state']): Promise<DirectCall> {
    return this.until((call) => call.callId === callId && call.state === state);
  }
}

describe('direct calls', () => {
  let server: InProcessServer;
  const open: Array<{ close(): unknown }> = [];

  before(async () => {
    server = await InProcessServer.start({ 'limits.ringSeconds': 2, 'limits.resumeSeconds': 1 });
  });
  after(async () => {
    for (const each of open) {
      await each.close();
    }
    await server.close();
  });

  const person = (displayName: string, role = 'member') => newIdentity(server, { displayName, role });
  const phoneOf = async (identity: Identity) => {
    const phone = await Phone.open(server.url, identity);
    open.push(phone.client);
    return phone;
  };
  /** Two people with a device each. */
  const pair = async () => {
    const [ann, bob] = await Promise.all([person('Ann'), person('Bob')]);
    return { ann: await phoneOf(ann), bob: await phoneOf(bob), identities: { ann, bob } };
  };
  const socketOf = async (identity: Identity, clientId = randomUUID()) => {
    const client = await ProtocolClient.enter(server.url, identity);
    open.push(client);
    await client.get('call.watch', { clientId });
    return client;
  };
  const enter = async (identity: Identity, roomId = '') => {
    const client = await ProtocolClient.enter(server.url, identity);
    open.push(client);
    await client.get('room.join', { roomId });
    return client;
  };
  const outcome = async (phone: Phone, callId: string) => (await phone.state(callId, 'ended')).outcome;
  const recent = async (phone: Phone) =>
    (await phone.calls.recent()).map((call) => `${call.direction} ${call.outcome} ${call.peer.displayName}`);

  it('rings with the certified name, is answered, and ends for both when one hangs up', async () => {
    const { ann, bob, identities } = await pair();
    const { callId } = await ann.calls.start(bob.accountId, { media: 'video' });
    const incoming = await bob.until((call) => call.callId === callId);
    assert.deepEqual(
      [incoming.direction, incoming.person, incoming.media, incoming.here],
      ['incoming', { accountId: ann.accountId, displayName: 'Ann' }, 'video', false],
    );
    await ann.state(callId, 'ringing');
    const answered = await bob.calls.answer(callId);
    assert.ok(answered.here && answered.roomId);
    const outgoing = await ann.state(callId, 'answered');
    assert.deepEqual([outgoing.roomId, outgoing.here], [answered.roomId, true]);
    const [annInside, bobInside] = [
      await enter(identities.ann, answered.roomId),
      await enter(identities.bob, answered.roomId),
    ];
    await annInside.get('room.leave', {});
    assert.deepEqual([await outcome(ann, callId), await outcome(bob, callId)], ['completed', 'completed']);
    // The room is over for whoever is still inside, and cannot be entered again.
    await bobInside.event('participant.left');
    assert.equal(await bobInside.refusal('hand.raise', {}), 'ROOM_NOT_JOINED');
    assert.equal(await bobInside.refusal('room.join', { roomId: answered.roomId }), 'CALL_ENDED');
    assert.deepEqual(
      [await recent(ann), await recent(bob)],
      [['outgoing completed Bob'], ['incoming completed Ann']],
    );
  });

  it('rings on all devices: the first answer wins, and the others are told', async () => {
    const { ann, bob, identities } = await pair();
    const [tablet] = await linkDevices(identities.bob, 1);
    assert.ok(tablet);
    const second = await phoneOf(tablet);
    const third = await phoneOf(identities.bob);
    const { callId } = await ann.calls.start(bob.accountId);
    const devices = [bob, second, third];
    await Promise.all(devices.map((each) => each.until((call) => call.callId === callId)));
    const answers = await Promise.allSettled(devices.map((each) => each.calls.answer(callId)));
    const winners = devices.filter((_, index) => answers[index]?.status === 'fulfilled');
    assert.equal(winners.length, 1);
    for (const [index, answer] of answers.entries()) {
      const seen = await devices[index]?.state(callId, 'answered');
      assert.equal(seen?.here, answer.status === 'fulfilled');
      if (answer.status === 'rejected') {
        assert.equal(answer.reason.code, 'CALL_TAKEN');
      }
    }
    // Any device of the account may hang up.
    await devices.find((each) => each !== winners[0])?.calls.end(callId);
    assert.equal(await outcome(ann, callId), 'completed');
  });

  it('declining on one device ends the ringing on all', async () => {
    const { ann, bob, identities } = await pair();
    const second = await phoneOf(identities.bob);
    const { callId } = await ann.calls.start(bob.accountId);
    await second.until((call) => call.callId === callId);
    await bob.calls.decline(callId);
    const elsewhere = await second.state(callId, 'ended');
    assert.deepEqual([elsewhere.outcome, elsewhere.here], ['declined', false]);
    assert.equal((await bob.state(callId, 'ended')).here, true);
    assert.equal(await outcome(ann, callId), 'declined');
    await assert.rejects(second.calls.answer(callId), { code: 'CALL_ENDED' });
    assert.equal(bob.calls.missed, 0);
  });

  it('cancelled, unanswered, busy and offline calls are missed, and one look clears the count everywhere', async () => {
    const { ann, bob, identities } = await pair();
    const second = await phoneOf(identities.bob);
    const missed = async (count: number) => {
      for (const each of [bob, second]) {
        while (each.calls.missed !== count) {
          await new Promise<void>((resolve) => each.calls.once('recent', () => resolve()));
        }
      }
    };
    const first = await ann.calls.start(bob.accountId);
    await ann.calls.end(first.callId);
    assert.equal(await outcome(bob, first.callId), 'cancelled');
    await missed(1);
    const late = await ann.calls.start(bob.accountId);
    assert.equal(await outcome(ann, late.callId), 'unanswered');
    await missed(2);
    await bob.calls.configure({ doNotDisturb: true });
    const busy = await ann.calls.start(bob.accountId);
    assert.deepEqual([busy.state, busy.outcome], ['ended', 'busy']);
    await missed(3);
    await bob.calls.configure({ doNotDisturb: false });
    await second.calls.see();
    await missed(0);
    await Promise.all([bob.client.close(), second.client.close()]);
    const away = await ann.calls.start(bob.accountId);
    assert.deepEqual([away.state, away.outcome], ['ended', 'offline']);
    const back = await phoneOf(identities.bob);
    assert.equal(back.calls.missed, 1);
    const list = await back.calls.recent({ missedOnly: true });
    assert.deepEqual(
      list.map(({ outcome: how, missed: isMissed }) => [how, isMissed]),
      ['offline', 'busy', 'unanswered', 'cancelled'].map((how) => [how, true]),
    );
  });

  it('two who call one another at the same time get one call', async () => {
    const { ann, bob } = await pair();
    const [one, other] = await Promise.all([
      ann.calls.start(bob.accountId),
      bob.calls.start(ann.accountId, { media: 'video' }),
    ]);
    const { callId } = [one, other].find(({ state }) => state === 'answered') as DirectCall;
    const [fromAnn, fromBob] = await Promise.all([
      ann.state(callId, 'answered'),
      bob.state(callId, 'answered'),
    ]);
    assert.ok(fromAnn.here && fromBob.here && fromAnn.roomId === fromBob.roomId);
    assert.deepEqual([ann.calls.current.length, bob.calls.current.length], [1, 1]);
    await ann.calls.end(callId);
    await bob.state(callId, 'ended');
  });

  it('whoever is in a direct call is busy; whoever is in a meeting is rung quietly and may change over', async () => {
    const { ann, bob, identities } = await pair();
    const cleo = await phoneOf(await person('Cleo'));
    const meeting = await enter(identities.bob, 'meeting');
    const { callId } = await ann.calls.start(bob.accountId);
    const incoming = await bob.until((call) => call.callId === callId);
    assert.equal(incoming.waiting, true);
    assert.equal((await cleo.calls.start(bob.accountId)).outcome, 'busy');
    assert.equal((await cleo.calls.start(ann.accountId)).outcome, 'busy');
    await assert.rejects(ann.calls.start(cleo.accountId), { code: 'IN_ANOTHER_CALL' });
    await meeting.get('room.leave', {});
    await bob.calls.answer(callId);
    assert.equal((await cleo.calls.start(bob.accountId)).outcome, 'busy');
    await bob.calls.end(callId);
  });

  it('a device that connects while it rings learns of the call, and answers it', async () => {
    const { ann, bob, identities } = await pair();
    const { callId } = await ann.calls.start(bob.accountId);
    const late = await phoneOf(identities.bob);
    assert.equal(late.calls.current[0]?.callId, callId);
    assert.ok((await late.calls.answer(callId)).here);
    await ann.state(callId, 'answered');
    await ann.calls.end(callId);
  });

  it('a connection cut in any state resumes or ends the call cleanly', async () => {
    const { bob, identities } = await pair();
    // While it rings, the caller comes back in time: the call goes on, and repeating it does not ring again.
    const clientId = randomUUID();
    const callId = randomUUID();
    const caller = await socketOf(identities.ann, clientId);
    await caller.get('call.start', { callId, clientId, to: bob.accountId });
    await bob.until((call) => call.callId === callId);
    await caller.cut();
    const again = await socketOf(identities.ann, clientId);
    const { call } = await again.get('call.start', { callId, clientId, to: bob.accountId });
    assert.deepEqual([call.callId, call.here, call.state === 'ended'], [callId, true, false]);
    // The caller does not come back: the call is cancelled.
    await again.cut();
    assert.equal(await outcome(bob, callId), 'cancelled');
    // The person called loses every connection while it rings, comes back and answers.
    const second = randomUUID();
    const third = await socketOf(identities.ann, clientId);
    await third.get('call.start', { callId: second, clientId, to: bob.accountId });
    await bob.until((each) => each.callId === second);
    bob.client.reconnect();
    await bob.calls.answer(second);
    // Answered, and the answering device is cut before and after entering.
    const { call: answered } = await third.event(
      'call.changed',
      ({ call: each }) => each.state === 'answered',
    );
    bob.client.reconnect();
    const [ann, inside] = [
      await enter(identities.ann, answered.roomId),
      await enter(identities.bob, answered.roomId),
    ];
    await inside.get('transport.create', { direction: 'send' });
    await inside.cut();
    const returned = await enter(identities.bob, answered.roomId);
    await returned.get('transport.create', { direction: 'send' });
    assert.equal(bob.seen.filter((each) => each.callId === second && each.state === 'ended').length, 0);
    // Whoever does not come back within the time for that has left.
    await returned.cut();
    assert.equal(await outcome(bob, second), 'lost');
    assert.equal(await ann.refusal('room.join', { roomId: answered.roomId }), 'CALL_ENDED');
  });

  it('threat 5: nobody but the two enters the room, sees the call or acts on it', async () => {
    const { ann, bob } = await pair();
    const [eve, admin, guest, bridge] = await Promise.all([
      person('Eve'),
      person('Admin', 'admin'),
      newIdentity(server, { role: 'guest', roomId: 'lobby' }),
      newIdentity(server, { role: 'bridge' }),
    ]);
    const { callId } = await ann.calls.start(bob.accountId);
    await bob.until((call) => call.callId === callId);
    const stranger = await socketOf(eve);
    for (const name of ['call.answer', 'call.decline', 'call.end', 'call.ringing']) {
      assert.equal(await stranger.refusal(name, { callId, clientId: randomUUID() }), 'CALL_UNKNOWN', name);
    }
    // The caller cannot answer for the person called.
    await assert.rejects(ann.calls.answer(callId), { code: 'CALL_UNKNOWN' });
    await assert.rejects(ann.calls.decline(callId), { code: 'CALL_UNKNOWN' });
    const { roomId } = await bob.calls.answer(callId);
    for (const identity of [eve, admin, guest, bridge]) {
      const client = await ProtocolClient.enter(server.url, identity);
      open.push(client);
      assert.equal(await client.refusal('room.join', { roomId }), 'FORBIDDEN');
      assert.equal(await client.refusal('chat.history', { roomId }), 'FORBIDDEN');
      assert.equal(await client.refusal('room.configure', { roomId, title: 'Mine' }), 'FORBIDDEN');
    }
    assert.equal(stranger.count('call.changed'), 0);
    await ann.calls.end(callId);
  });

  it('guests and bridges neither call nor are called, nor is an account that does not exist or oneself', async () => {
    const { ann } = await pair();
    const guest = await newIdentity(server, { role: 'guest', roomId: 'lobby' });
    const client = await ProtocolClient.open(server.url);
    open.push(client);
    const { accountId } = await client.get('auth.prove', await client.proof(guest));
    for (const name of ['call.watch', 'call.list', 'call.configure', 'call.blocked']) {
      assert.equal(await client.refusal(name, { clientId: randomUUID() }), 'FORBIDDEN', name);
    }
    assert.equal(
      await client.refusal('call.start', { callId: randomUUID(), clientId: randomUUID(), to: ann.accountId }),
      'FORBIDDEN',
    );
    for (const to of [accountId, 'f'.repeat(64), 'f'.repeat(40), ann.accountId]) {
      await assert.rejects(ann.calls.start(to), { code: 'PERSON_UNKNOWN' });
    }
  });

  it('is placed by alias too, once the person has been here', async () => {
    const { ann, bob } = await pair();
    const { callId, person: called } = await ann.calls.start(bob.client.account.accountAlias);
    assert.equal(called.accountId, bob.accountId);
    await ann.calls.end(callId);
  });

  it('people choose who may call them, and a barred caller learns nothing and leaves no trace', async () => {
    const { ann, bob } = await pair();
    await bob.calls.block(ann.accountId);
    await assert.rejects(ann.calls.start(bob.accountId), { code: 'CALL_BARRED' });
    assert.deepEqual(await bob.calls.blocked(), [{ accountId: ann.accountId, displayName: 'Ann' }]);
    await bob.calls.block(ann.accountId, false);
    await bob.calls.configure({ callsFrom: 'nobody' });
    await assert.rejects(ann.calls.start(bob.accountId), { code: 'CALL_BARRED' });
    await bob.calls.configure({ callsFrom: 'contacts' });
    await assert.rejects(ann.calls.start(bob.accountId), { code: 'CALL_BARRED' });
    const { accountId } = ann;
    await bob.client.contacts.put({ contactId: randomUUID(), name: 'Annie', accounts: [{ accountId }] });
    const { callId } = await ann.calls.start(bob.accountId);
    await bob.until((call) => call.callId === callId);
    // Barring somebody stops what rings.
    await bob.calls.block(ann.accountId);
    assert.equal(await outcome(ann, callId), 'declined');
    assert.deepEqual(await recent(bob), ['incoming declined Ann']);
  });

  it('a member cannot make somebody ring all night', async () => {
    const { ann, bob } = await pair();
    for (let n = 0; n < 5; n += 1) {
      const { callId } = await ann.calls.start(bob.accountId);
      await ann.calls.end(callId);
    }
    await assert.rejects(ann.calls.start(bob.accountId), { code: 'RATE_LIMITED' });
    // The other way round is not limited, and once they have talked, everything is as before.
    const { callId } = await bob.calls.start(ann.accountId);
    await ann.calls.answer(callId);
    await ann.calls.end(callId);
    await ann.calls.end((await ann.calls.start(bob.accountId)).callId);
  });

  it('lists are searched, paged and deleted by each for themselves', async () => {
    const { ann, bob } = await pair();
    const cleo = await phoneOf(await person('Zoë 100%'));
    for (const callee of [bob, cleo, bob]) {
      await ann.calls.end((await ann.calls.start(callee.accountId)).callId);
    }
    const found = async (search: string) =>
      (await ann.calls.recent({ search })).map(({ peer }) => peer.displayName);
    assert.deepEqual(await found('zOË'), ['Zoë 100%']);
    assert.deepEqual(await found('0%'), ['Zoë 100%']);
    assert.deepEqual(await found('_'), []);
    const [first] = await ann.calls.recent({ limit: 1 });
    assert.ok(first);
    const rest = await ann.calls.recent({ before: first });
    assert.deepEqual(
      rest.map(({ peer }) => peer.displayName),
      ['Zoë 100%', 'Bob'],
    );
    await ann.calls.forget([first.callId]);
    assert.equal((await ann.calls.recent()).length, 2);
    assert.equal((await bob.calls.recent()).length, 2);
    await ann.calls.forget();
    assert.deepEqual(await ann.calls.recent(), []);
  });

  it('an account that is revoked is in no call any more', async () => {
    const { ann, bob } = await pair();
    const { callId } = await ann.calls.start(bob.accountId);
    await bob.until((call) => call.callId === callId);
    const { status } = await server.api('POST', `/api/accounts/${ann.accountId}/revoke`);
    assert.equal(status, 200);
    assert.equal(await outcome(bob, callId), 'cancelled');
    await assert.rejects(bob.calls.start(ann.accountId), { code: 'PERSON_UNKNOWN' });
  });
});

describe('direct calls over a restart of the server', () => {
  it('what rang was missed, and a running call goes on', async () => {
    const server = await InProcessServer.start({ 'limits.resumeSeconds': 1 });
    const [ann, bob, cleo, dan] = await Promise.all(
      ['Ann', 'Bob', 'Cleo', 'Dan'].map((displayName) => newIdentity(server, { displayName })),
    );
    assert.ok(ann && bob && cleo && dan);
    const phones = await Promise.all([ann, bob, cleo, dan].map((each) => Phone.open(server.url, each)));
    const [one, two, three, four] = phones as [Phone, Phone, Phone, Phone];
    const running = await one.calls.start(two.accountId);
    const { roomId = '' } = await two.calls.answer(running.callId);
    const inside = await ProtocolClient.enter(server.url, ann);
    await inside.get('room.join', { roomId });
    const rang = await three.calls.start(four.accountId);
    await four.until((call) => call.callId === rang.callId);
    const { port } = new URL(server.url);
    await server.signaling.close();
    const config = loadConfig({
      env: {},
      flags: {
        'server.host': '127.0.0.1',
        'server.port': Number(port),
        'rtc.announce': '127.0.0.1',
        'data.dir': server.dataDir,
        'limits.resumeSeconds': 1,
      },
    });
    const log = createLogger({ level: 'silent', format: 'json' });
    const restarted = await startSignaling({ config, log, sfu: server.sfu, version: '0.0.0' });
    const late = await Phone.open(server.url, dan);
    assert.equal(late.calls.missed, 1);
    assert.equal((await late.calls.recent())[0]?.outcome, 'unanswered');
    // The two find their call again, and enter its room as before. Others still may not.
    const back = await Phone.open(server.url, ann);
    assert.deepEqual(
      back.calls.current.map(({ callId, state, roomId: where }) => [callId, state, where]),
      [[running.callId, 'answered', roomId]],
    );
    const again = await ProtocolClient.enter(server.url, ann);
    await again.get('room.join', { roomId });
    const other = await ProtocolClient.enter(server.url, bob);
    await other.get('room.join', { roomId });
    const outsider = await ProtocolClient.enter(server.url, cleo);
    assert.equal(await outsider.refusal('room.join', { roomId }), 'FORBIDDEN');
    await other.get('room.leave', {});
    assert.equal((await back.state(running.callId, 'ended')).outcome, 'completed');
    for (const each of [...phones, late, back]) {
      await each.client.close();
    }
    for (const each of [inside, again, other, outsider]) {
      each.close();
    }
    await restarted.close();
    await server.close();
  });
});
