// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Client, connect, type DirectCall, type Identity } from '../../client/sdk/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

const PCMU = 'PCMU/8000/1';
const HZ = { 1001: 700, 1002: 1100, 1003: 1500 } as const;
/** The numbers of Ann and Bob. */
const [ANN, BOB] = ['2001', '2002'];

/** A browser of a person, and every state of calls that it was told. */
class Browser {
  readonly client: Client;
  readonly identity: Identity;
  readonly seen: DirectCall[] = [];

  private constructor(client: Client, identity: Identity) {
    this.client = client;
    this.identity = identity;
    client.calls.on('changed', (call) => this.seen.push(call));
  }

  static async open(url: string, identity: Identity): Promise<Browser> {
    const browser = new Browser(await connect({ url, identity }), identity);
    await browser.client.calls.watch();
    return browser;
  }

  until(what: string, fits: (call: DirectCall) => boolean): Promise<DirectCall> {
    return eventually(
      what,
      () => this.seen.find(fits),
      (call) => call !== undefined,
    ) as Promise<DirectCall>;
  }

  state(state: DirectCall['state'], callId?: string): Promise<DirectCall> {
    return this.until(state, (call) => call.state === state && call.callId === (callId ?? call.callId));
  }
}

describe('people and their phones', () => {
  let server: PhoneServer;
  let ann: Browser;
  let bob: Browser;
  let phones: Baresip[];
  let rooms: ProtocolClient[];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    const [annsIdentity, bobsIdentity] = await Promise.all(
      ['Ann', 'Bob'].map((displayName) => newIdentity(server.server, { role: 'member', displayName })),
    );
    ann = await Browser.open(server.server.url, annsIdentity as Identity);
    bob = await Browser.open(server.server.url, bobsIdentity as Identity);
    await server.addPhones('1001', '1002', '1003');
    const { accountId } = bob.client.account;
    for (const username of ['1001', '1002']) {
      await server.server.api('PUT', `/api/sip/phones/${username}`, { password: PHONE_PASSWORD, accountId });
    }
    await server.server.api('PUT', `/api/sip/numbers/${BOB}`, { accountId });
    await server.server.api('PUT', `/api/sip/numbers/${ANN}`, { accountId: ann.client.account.accountId });
  });
  after(async () => {
    await Promise.all([ann.client.close(), bob.client.close()]);
    await server.close();
  });
  beforeEach(() => {
    phones = [];
    rooms = [];
    ann.seen.length = 0;
    bob.seen.length = 0;
  });
  afterEach(async () => {
    for (const room of rooms) {
      room.close();
    }
    await Promise.all(phones.map((phone) => phone.stop()));
    await server.untilIdle();
  });

  async function register(username: keyof typeof HZ) {
    const phone = await server.phone(String(username), { codecs: PCMU, toneHz: HZ[username] });
    phones.push(phone);
    return phone;
  }

  /** Enters a room, and waits for the phone there. */
  async function enter({ identity }: Browser, roomId = '') {
    const room = await ProtocolClient.enter(server.server.url, identity);
    rooms.push(room);
    const { participants } = await room.get('room.join', { roomId });
    if (!participants.some(({ kind }) => kind === 'phone')) {
      await room.event('participant.joined', ({ participant }) => participant.kind === 'phone');
    }
  }

  const latest = async ({ client }: Browser) => (await client.calls.recent({ limit: 1 }))[0];

  it('a call rings browser and phones together; the phone that answers first has it, the others are told that', async () => {
    const [first, second] = [await register(1001), await register(1002)];
    const { callId } = await ann.client.calls.start(bob.client.account.accountId);
    await Promise.all([
      first.waitFor('CALL_INCOMING'),
      second.waitFor('CALL_INCOMING'),
      ann.state('ringing', callId),
    ]);
    first.command('accept');
    const answered = await bob.state('answered', callId);
    assert.deepEqual([answered.here, answered.phone], [false, '1001']);
    await second.waitFor('CALL_CLOSED');
    const { roomId } = await ann.state('answered', callId);
    await enter(ann, roomId);

    first.command('hangup');
    assert.equal((await ann.state('ended', callId)).outcome, 'completed');
    await first.waitFor('CALL_CLOSED');
    const call = await eventually(
      'the history has the quality',
      () => latest(bob),
      (found) => found?.codec !== undefined,
    );
    assert.deepEqual(
      [call?.direction, call?.peer.displayName, call?.phone, call?.codec, call?.missed],
      ['incoming', 'Ann', '1001', 'PCMU', false],
    );
  });

  it('a phone calls a person by number, another phone of the person answers, and both are heard', async () => {
    const [theirs, caller] = [await register(1001), await register(1003)];
    caller.command('dial', server.uri(BOB ?? ''));
    await theirs.waitFor('CALL_INCOMING');
    const incoming = await bob.until('it rings', (call) => call.direction === 'incoming');
    assert.deepEqual(incoming.person, { displayName: 'Phone 1003', number: '1003' });
    theirs.command('accept');
    await Promise.all([caller.waitFor('CALL_ESTABLISHED'), bob.state('answered')]);
    await Promise.all([theirs.hears(HZ[1003]), caller.hears(HZ[1001])]);
    await bob.client.calls.end(incoming.callId);
    await Promise.all([caller.waitFor('CALL_CLOSED'), theirs.waitFor('CALL_CLOSED')]);
    const call = await eventually(
      'the history has the quality',
      () => latest(bob),
      (found) => found?.mos !== undefined,
    );
    assert.deepEqual(
      [call?.peer, call?.outcome, call?.phone],
      [{ kind: 'number', id: '1003', displayName: 'Phone 1003' }, 'completed', '1001'],
    );
    assert.ok((call?.mos ?? 0) > 3.5, `${call?.mos}`);
  });

  it('a phone of a person calls as the person; declined by the browser, busy while not to be disturbed', async () => {
    const own = await register(1001);
    own.command('dial', server.uri(ANN ?? ''));
    const incoming = await ann.until('it rings', (call) => call.direction === 'incoming');
    assert.deepEqual(incoming.person, { accountId: bob.client.account.accountId, displayName: 'Bob' });
    await ann.client.calls.decline(incoming.callId);
    const { param = '' } = await own.waitFor('CALL_CLOSED');
    assert.match(param, /603/);
    assert.deepEqual([(await latest(bob))?.outcome, (await latest(ann))?.outcome], ['declined', 'declined']);

    await ann.client.calls.configure({ doNotDisturb: true });
    own.command('dial', server.uri(ANN ?? ''));
    await eventually(
      'the phone hears that Ann is busy',
      async () => (await latest(bob))?.outcome,
      (outcome) => outcome === 'busy',
    );
    await ann.client.calls.configure({ doNotDisturb: false });
  });

  it('a person whose page is closed is reached on the phone, and hears it if the phone declines', async () => {
    const { callId } = await ann.client.calls.start('tel:1003');
    assert.equal((await ann.state('ended', callId)).outcome, 'offline', 'no such phone is registered');
    const desk = await register(1003);
    const second = await ann.client.calls.start('tel:1003');
    await desk.waitFor('CALL_INCOMING');
    desk.command('accept');
    const { roomId, person } = await ann.state('answered', second.callId);
    assert.deepEqual(person, { displayName: 'Phone 1003', number: '1003' });
    await enter(ann, roomId);
    await ann.client.calls.end(second.callId);
    await desk.waitFor('CALL_CLOSED');
    const call = await latest(ann);
    assert.deepEqual(call?.peer, { kind: 'number', id: '1003', displayName: 'Phone 1003' });
    const refused = ann.client.calls.start('tel:+4930123456');
    await assert.rejects(refused, { code: 'CALL_REFUSED' });
  });
});
