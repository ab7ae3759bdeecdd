import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  type Client,
  connect,
  type DirectCall,
  GatewayLink,
  type Identity,
} from '../../../client/sdk/index.ts';
import type { CallRecord, EventData } from '../../../contract/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

const NUMBER = '2001';

/** The end of a phone's call, as the gateway reports it. */
function ended(callId: string, more: Partial<CallRecord> = {}): CallRecord {
  return {
    callId,
    direction: 'outgoing',
    remote: 'x',
    dialled: 'x',
    trunk: null,
    roomId: null,
    codec: null,
    encryption: null,
    startedAtMs: Date.now(),
    answeredAtMs: null,
    endedAtMs: Date.now(),
    endCause: 'refused',
    sipStatus: null,
    mos: null,
    quality: null,
    ...more,
  };
}

/** The server's side of a gateway, which the test plays; what the server asks for is kept. */
class ScriptedGateway {
  readonly link: GatewayLink;
  readonly rings: Array<EventData<'gateway.ring'>> = [];
  readonly hangUps: Array<EventData<'gateway.hangUp'>> = [];
  readonly connects: Array<EventData<'gateway.connect'>> = [];
  readonly progress: string[] = [];

  private constructor(link: GatewayLink) {
    this.link = link;
    link.on('ring', (ring) => this.rings.push(ring));
    link.on('hang-up', (call) => this.hangUps.push(call));
    link.on('connect', (call) => this.connects.push(call));
    link.on('progress', ({ callId }) => this.progress.push(callId));
  }

  static async open(url: string, identity: Identity): Promise<ScriptedGateway> {
    return new ScriptedGateway(await GatewayLink.connect({ url, identity }));
  }

  async ring(target: string): Promise<EventData<'gateway.ring'>> {
    const found = await eventually(
      `${target} rings`,
      () => this.rings.find((ring) => ring.target === target),
      (ring) => ring !== undefined,
    );
    return found as EventData<'gateway.ring'>;
  }

  async hungUp(callId: string): Promise<EventData<'gateway.hangUp'>> {
    const found = await eventually(
      'it is hung up',
      () => this.hangUps.find((each) => each.callId === callId),
      (each) => each !== undefined,
    );
    return found as EventData<'gateway.hangUp'>;
  }
}

describe('phones and numbers of people', () => {
  let server: InProcessServer;
  let gateway: ScriptedGateway;
  let ann: Client;
  let bob: Client;
  let states: DirectCall[];

  before(async () => {
    server = await InProcessServer.start({ 'limits.ringSeconds': 20 });
    gateway = await ScriptedGateway.open(server.url, await newGatewayIdentity(server));
    [ann, bob] = (await Promise.all(
      ['Ann', 'Bob'].map(async (displayName) =>
        connect({ url: server.url, identity: await newIdentity(server, { displayName, role: 'member' }) }),
      ),
    )) as [Client, Client];
    states = [];
    ann.calls.on('changed', (call) => states.push(call));
    await Promise.all([ann.calls.watch(), bob.calls.watch()]);
    await server.api('PUT', `/api/sip/numbers/${NUMBER}`, { accountId: bob.account.accountId });
  });
  after(async () => {
    gateway.link.close();
    await Promise.all([ann.close(), bob.close()]);
    await server.close();
  });
  afterEach(async () => {
    for (const { username } of (await bob.phones.list()).phones) {
      await server.api('DELETE', `/api/sip/phones/${username}`);
    }
    states.length = 0;
    gateway.rings.length = 0;
  });

  const outcome = async (callId: string) =>
    (
      await eventually(
        'the call is over',
        () => states.find((call) => call.callId === callId && call.state === 'ended'),
        (call) => call !== undefined,
      )
    )?.outcome;
  const caller = { phone: 'desk', number: 'desk', displayName: 'Desk' };

  it('a person adds phones that register with the password shown once, and removes them', async () => {
    const added = await bob.phones.add('Desk phone');
    assert.match(added.username, /^[a-z2-9]{8}$/);
    assert.match(added.password, /^[A-Za-z0-9]{20}$/);
    assert.deepEqual(await bob.phones.list(), {
      phones: [{ username: added.username, displayName: 'Desk phone', rings: true }],
      numbers: [NUMBER],
    });
    await eventually(
      'the gateway has it',
      () => gateway.link.config.phones.map(({ username }) => username),
      (usernames) => usernames.includes(added.username),
    );
    assert.deepEqual(gateway.link.config.numbers, [NUMBER]);
    await assert.rejects(ann.phones.remove(added.username), { code: 'NOT_FOUND' });
    await assert.rejects(ann.phones.setRings(added.username, false), { code: 'NOT_FOUND' });
    await bob.phones.remove(added.username);
    assert.deepEqual((await bob.phones.list()).phones, []);
  });

  it('an account may have ten phones, a guest none', async () => {
    const collector = await connect({
      url: server.url,
      identity: await newIdentity(server, { role: 'member' }),
    });
    for (let count = 0; count < 10; count += 1) {
      await collector.phones.add(`Phone ${count}`);
    }
    await assert.rejects(collector.phones.add('One more'), { code: 'LIMIT_REACHED' });
    await collector.close();
    const guest = await ProtocolClient.enter(
      server.url,
      await newIdentity(server, { role: 'guest', roomId: 'x' }),
    );
    assert.equal(await guest.refusal('phone.add', { displayName: 'Phone' }), 'FORBIDDEN');
    assert.equal(await guest.refusal('phone.list', {}), 'FORBIDDEN');
    guest.close();
  });

  it('numbers belong to one person, and only to people', async () => {
    const number = async (method: string, path: string, body?: unknown) => {
      const answer = await server.api(method, `/api/sip/numbers${path}`, body);
      return [answer.status, (answer.body as { error?: { code: string } }).error?.code];
    };
    const { accountId } = ann.account;
    assert.deepEqual(await number('PUT', `/${NUMBER}`, { accountId }), [409, 'NUMBER_TAKEN']);
    assert.deepEqual(await number('PUT', '/2009', { accountId: 'f'.repeat(64) }), [404, 'PERSON_UNKNOWN']);
    assert.deepEqual(await number('PUT', '/12a', { accountId }), [400, 'BAD_REQUEST']);
    assert.deepEqual(await number('PUT', '/2009', { accountId }), [200, undefined]);
    assert.deepEqual((await server.api('GET', '/api/sip/numbers')).body, {
      numbers: [
        { number: NUMBER, accountId: bob.account.accountId },
        { number: '2009', accountId },
      ],
    });
    assert.deepEqual(await number('DELETE', '/2009'), [200, undefined]);
    assert.deepEqual(await number('DELETE', '/2009'), [404, 'NOT_FOUND']);
  });

  it('phones ring with the browsers unless they are told not to; a late answer is refused', async () => {
    const [desk, quiet] = [await bob.phones.add('Desk'), await bob.phones.add('Quiet')];
    await bob.phones.setRings(quiet.username, false);
    const { callId } = await ann.calls.start(bob.account.accountId);
    const ring = await gateway.ring(desk.username);
    assert.deepEqual(
      [ring.displayName, ring.caller, gateway.rings.length],
      ['Bob', { displayName: 'Ann' }, 1],
    );
    await gateway.link.ringing(ring.callId);
    await bob.calls.answer(callId);
    assert.deepEqual(await gateway.hungUp(ring.callId), { callId: ring.callId, elsewhere: 'answered' });
    await assert.rejects(gateway.link.answered(ring.callId), { code: 'CALL_TAKEN' });
    await gateway.link.record(ended(ring.callId));
    await assert.rejects(gateway.link.answered(ring.callId), { code: 'CALL_UNKNOWN' });
    await bob.calls.end(callId);
  });

  it('a phone that is busy leaves the call to the browsers; one that declines ends it for all', async () => {
    const [first, second] = [await bob.phones.add('First'), await bob.phones.add('Second')];
    const { callId } = await ann.calls.start(bob.account.accountId);
    const [one, other] = [await gateway.ring(first.username), await gateway.ring(second.username)];
    await gateway.link.record(ended(one.callId, { sipStatus: 486 }));
    assert.equal(states.at(-1)?.state === 'ended', false);
    await gateway.link.record(ended(other.callId, { sipStatus: 603 }));
    assert.equal(await outcome(callId), 'declined');
  });

  it('a phone that the gateway lost is over; the caller at the other end is not left waiting', async () => {
    const callId = randomUUID();
    await gateway.link.call({ callId, dialled: NUMBER, caller });
    const incoming = await eventually(
      'Bob rings',
      () => bob.calls.current.find((call) => call.callId === callId),
      (call) => call !== undefined,
    );
    assert.deepEqual(incoming?.person, { displayName: 'Desk', number: 'desk' });
    gateway.link.reconnect();
    await eventually(
      'the call is over',
      async () => (await bob.calls.recent({ limit: 1 }))[0],
      (call) => call?.callId === callId && call.outcome === 'cancelled' && call.missed,
    );
  });

  it('a phone calls: it hears ringing, is connected to the room, and is told how its call ended', async () => {
    const callId = randomUUID();
    await gateway.link.call({ callId, dialled: NUMBER, caller });
    await eventually(
      'it hears ringing',
      () => gateway.progress,
      (told) => told.includes(callId),
    );
    const { roomId } = await bob.calls.answer(callId);
    await eventually(
      'it is connected',
      () => gateway.connects.find((each) => each.callId === callId)?.roomId,
      (found) => found === roomId,
    );
    await bob.calls.end(callId);
    assert.deepEqual(await gateway.hungUp(callId), { callId });
    await gateway.link.record(ended(callId, { answeredAtMs: Date.now(), codec: 'PCMA', mos: 4.2 }));
    await eventually(
      'the history has the quality',
      async () => (await bob.calls.recent({ search: 'desk' }))[0],
      (call) => call?.codec === 'PCMA' && call.mos === 4.2 && call.peer.kind === 'number',
    );
    const refused = randomUUID();
    await bob.calls.configure({ callsFrom: 'contacts' });
    await assert.rejects(gateway.link.call({ callId: refused, dialled: NUMBER, caller }), {
      code: 'CALL_BARRED',
    });
    await assert.rejects(gateway.link.call({ callId: randomUUID(), dialled: '2999', caller }), {
      code: 'PERSON_UNKNOWN',
    });
    await bob.calls.configure({ callsFrom: 'everyone' });
  });

  it('meetings by a phone of a person are in the list of calls, too; those of other phones are in nobody’s', async () => {
    const { username } = await bob.phones.add('Desk');
    const meeting = ended(randomUUID(), {
      direction: 'incoming',
      roomId: 'standup',
      answeredAtMs: Date.now() - 60_000,
      startedAtMs: Date.now() - 61_000,
      codec: 'G722',
      mos: 4.3,
      endCause: 'remote',
    });
    await gateway.link.record(meeting);
    await gateway.link.record({ ...meeting, callId: randomUUID(), phone: username });
    const missed = ended(randomUUID(), { roomId: 'standup', phone: username, endCause: 'timeout' });
    await gateway.link.record(missed);
    await gateway.link.record(missed);
    const list = await eventually(
      'both are listed',
      () => bob.calls.recent({ search: 'standup' }),
      (calls) => calls.length > 1,
    );
    assert.deepEqual(
      list.map((call) => [
        call.peer.kind,
        call.peer.id,
        call.direction,
        call.outcome,
        call.missed,
        call.codec,
      ]),
      [
        ['room', 'standup', 'incoming', 'unanswered', true, undefined],
        ['room', 'standup', 'outgoing', 'completed', false, 'G722'],
      ],
    );
  });

  it('threat 19: a person dials only what the dial plan permits, and at most ten calls per minute', async () => {
    const cleo = await connect({
      url: server.url,
      identity: await newIdentity(server, { displayName: 'Cleo', role: 'member' }),
    });
    for (let count = 0; count < 10; count += 1) {
      await assert.rejects(cleo.calls.start('tel:0900123'), { code: 'CALL_REFUSED' });
    }
    await assert.rejects(cleo.calls.start('tel:0900123'), { code: 'RATE_LIMITED' });
    await cleo.close();
  });

  it('one phone does not ring a person without end', async () => {
    const caller = { phone: 'pest', number: 'pest', displayName: 'Pest' };
    let refusal = '';
    for (let count = 0; count < 30 && refusal === ''; count += 1) {
      const callId = randomUUID();
      try {
        await gateway.link.call({ callId, dialled: NUMBER, caller });
        await bob.calls.decline(callId);
      } catch (error) {
        refusal = (error as { code: string }).code;
      }
      await gateway.link.record(ended(callId));
    }
    assert.equal(refusal, 'RATE_LIMITED');
  });

  it('nobody but the gateway in charge speaks for phones, and the gateway enters only calls with a phone', async () => {
    const member = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'member' }));
    const callId = randomUUID();
    assert.equal(await member.refusal('gateway.answered', { callId }), 'FORBIDDEN');
    assert.equal(await member.refusal('gateway.call', { callId, dialled: NUMBER, caller }), 'FORBIDDEN');
    member.close();
    const other = await ProtocolClient.enter(server.url, await newGatewayIdentity(server));
    const call = await ann.calls.start(bob.account.accountId);
    const { roomId = '' } = await bob.calls.answer(call.callId);
    assert.equal(await other.refusal('room.join', { roomId }), 'FORBIDDEN');
    other.close();
    await ann.calls.end(call.callId);
  });
});
