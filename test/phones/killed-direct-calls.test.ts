// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, connect, type DirectCall, type Identity } from '../../client/sdk/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

const PCMU = 'PCMU/8000/1';
const CAROL = '2003';

interface Person {
  readonly identity: Identity;
  readonly client: Client;
  readonly seen: DirectCall[];
}

describe('direct calls with phones, when the gateway is killed', () => {
  let server: PhoneServer;
  let ann: Person;
  let bob: Person;
  let carol: Person;
  const phones: Baresip[] = [];
  const rooms: ProtocolClient[] = [];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    [ann, bob, carol] = await Promise.all([person('Ann'), person('Bob'), person('Carol')]);
    await server.addPhones('1001', '1002', '1003');
    await server.server.api('PUT', '/api/sip/phones/1001', {
      password: PHONE_PASSWORD,
      accountId: bob.client.account.accountId,
    });
    await server.server.api('PUT', `/api/sip/numbers/${CAROL}`, {
      accountId: carol.client.account.accountId,
    });
    for (const username of ['1001', '1002', '1003']) {
      phones.push(await server.phone(username, { codecs: PCMU }));
    }
  });
  after(async () => {
    for (const room of rooms) {
      room.close();
    }
    await Promise.all([
      ...phones.map((phone) => phone.stop()),
      ...[ann, bob, carol].map((each) => each?.client.close()),
    ]);
    await server.finish();
  });

  async function person(displayName: string): Promise<Person> {
    const identity = await newIdentity(server.server, { role: 'member', displayName });
    const client = await connect({ url: server.server.url, identity });
    const seen: DirectCall[] = [];
    client.calls.on('changed', (call) => seen.push(call));
    await client.calls.watch();
    return { identity, client, seen };
  }

  const state = ({ seen }: Person, wanted: DirectCall['state']) =>
    eventually(
      wanted,
      () => seen.find((call) => call.state === wanted),
      (call) => call !== undefined,
    ) as Promise<DirectCall>;

  /** Enters a room, and waits for the phone there. Returns a function that waits until it has come back. */
  async function enter({ identity }: Person, roomId = ''): Promise<() => Promise<unknown>> {
    const room = await ProtocolClient.enter(server.server.url, identity);
    rooms.push(room);
    const { participants } = await room.get('room.join', { roomId });
    const joined = () => room.event('participant.joined', ({ participant }) => participant.kind === 'phone');
    if (!participants.some(({ kind }) => kind === 'phone')) {
      await joined();
    }
    return joined;
  }

  it('a call in progress goes on, a caller is connected once the person answers, and a phone that rang is silent', async () => {
    const [bobs, caller, rung] = phones as [Baresip, Baresip, Baresip];
    // Bob answers Ann on his phone.
    const { callId } = await ann.client.calls.start(bob.client.account.accountId);
    await bobs.waitFor('CALL_INCOMING');
    bobs.command('accept');
    const { roomId } = await state(ann, 'answered');
    const returned = await enter(ann, roomId);
    // A phone calls Carol, who has yet to answer in her browser.
    caller.command('dial', server.uri(CAROL));
    await eventually(
      'it rings',
      () => carol.seen.at(-1),
      (call) => call?.direction === 'incoming',
    );
    // A room calls a phone.
    await server.server.api('POST', '/api/sip/calls', { target: '1003', roomId: 'team' });
    await rung.waitFor('CALL_INCOMING');
    await new Promise((resolve) => setTimeout(resolve, 1500));

    await server.killGateway(1);
    await rung.waitFor('CALL_CLOSED');
    await returned();
    await carol.client.calls.answer(carol.seen.at(-1)?.callId ?? '');
    await caller.waitFor('CALL_ESTABLISHED');
    const answered = await state(carol, 'answered');
    await enter(carol, answered.roomId);
    assert.ok(ann.seen.every((call) => call.state !== 'ended'));

    await ann.client.calls.end(callId);
    await bobs.waitFor('CALL_CLOSED');
    assert.equal((await state(ann, 'ended')).outcome, 'completed');
    caller.command('hangup');
    await caller.waitFor('CALL_CLOSED');
    assert.equal((await state(carol, 'ended')).outcome, 'completed');
    const causes = async () => (await server.calls()).map(({ endCause }) => `${endCause}`).sort();
    await eventually('the history knows', causes, (all) => all.join() === 'local,lost,remote');
  });
});
