import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type CallSettings,
  type Client,
  connect,
  type DirectCall,
  GatewayLink,
} from '../../../client/sdk/index.ts';
import type { EventData } from '../../../contract/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

/** Somebody whose page is open, and every state of calls that it was told. */
interface Person {
  client: Client;
  accountId: string;
  seen: DirectCall[];
}

describe('forwarding', () => {
  let server: InProcessServer;
  let gateway: GatewayLink;
  const rings: Array<EventData<'gateway.ring'>> = [];
  let ann: Person;
  let bob: Person;
  let carol: Person;
  let dave: Person;

  before(async () => {
    server = await InProcessServer.start({ 'limits.ringSeconds': 1 });
    gateway = await GatewayLink.connect({ url: server.url, identity: await newGatewayIdentity(server) });
    gateway.on('ring', (ring) => rings.push(ring));
    [ann, bob, carol, dave] = (await Promise.all(['Ann', 'Bob', 'Carol', 'Dave'].map(person))) as [
      Person,
      Person,
      Person,
      Person,
    ];
    await server.api('PUT', '/api/sip/trunks/office', { uri: 'sip:127.0.0.1:9' });
    await server.api('PUT', '/api/sip/dial-plan', {
      rules: [{ direction: 'outgoing', pattern: '+*', action: { type: 'trunk', trunk: 'office' } }],
    });
  });
  after(async () => {
    gateway.close();
    await Promise.all([ann, bob, carol, dave].map(({ client }) => client.close()));
    await server.close();
  });

  async function person(displayName: string): Promise<Person> {
    const identity = await newIdentity(server, { displayName, role: 'member' });
    const client = await connect({ url: server.url, identity });
    const seen: DirectCall[] = [];
    client.calls.on('changed', (call) => seen.push(call));
    await client.calls.watch();
    return { client, accountId: client.account.accountId, seen };
  }

  const until = async ({ seen }: Person, callId: string, state: DirectCall['state']) => {
    const found = await eventually(
      `${callId} is ${state}`,
      () => seen.find((call) => call.callId === callId && call.state === state),
      (call) => call !== undefined,
    );
    return found as DirectCall;
  };
  const forwards = ({ client }: Person, forwarding: CallSettings['forwarding'] = {}) =>
    client.calls.configure({ forwarding });
  const latest = async ({ client }: Person) => (await client.calls.recent({ limit: 1 }))[0];

  it('always: the other person rings at once, sees who forwarded it, and both lists say what happened', async () => {
    const { forwarding } = await forwards(bob, { always: { to: carol.accountId } });
    assert.deepEqual(forwarding, { always: { to: carol.accountId, displayName: 'Carol' } });
    const { callId } = await ann.client.calls.start(bob.accountId);
    const incoming = await until(carol, callId, 'calling');
    assert.deepEqual([incoming.person.displayName, incoming.forwardedBy], ['Ann', 'Bob']);
    await carol.client.calls.answer(callId);
    const answered = await until(ann, callId, 'answered');
    assert.deepEqual(answered.person, { accountId: carol.accountId, displayName: 'Carol' });
    assert.ok(!bob.seen.some((call) => call.callId === callId && call.state === 'ringing'));
    await ann.client.calls.end(callId);
    await until(carol, callId, 'ended');
    const lists = await Promise.all([ann, bob, carol].map(latest));
    assert.deepEqual(
      lists.map((call) => [call?.callId === callId, call?.peer.displayName, call?.outcome, call?.missed]),
      [
        [true, 'Carol', 'completed', false],
        [true, 'Ann', 'forwarded', false],
        [true, 'Ann', 'completed', false],
      ],
    );
    await forwards(bob);
  });

  it('when busy or not to be disturbed, and when nobody answers', async () => {
    await forwards(bob, {
      busy: { to: carol.accountId },
      unanswered: { to: carol.accountId, afterSeconds: 5 },
    });
    await bob.client.calls.configure({ doNotDisturb: true });
    const busy = await ann.client.calls.start(bob.accountId);
    await until(carol, busy.callId, 'calling');
    await ann.client.calls.end(busy.callId);
    await bob.client.calls.configure({ doNotDisturb: false });
    const unanswered = await ann.client.calls.start(bob.accountId);
    await until(bob, unanswered.callId, 'calling');
    assert.equal((await until(bob, unanswered.callId, 'ended')).outcome, 'forwarded');
    // The caller hears it ring all the time.
    await until(carol, unanswered.callId, 'ringing');
    await carol.client.calls.decline(unanswered.callId);
    assert.equal((await until(ann, unanswered.callId, 'ended')).outcome, 'declined');
    await forwards(bob);
  });

  it('threat 19: calls do not go round in circles, nor to the caller or somebody who bars the caller', async () => {
    await forwards(bob, { always: { to: carol.accountId } });
    await forwards(carol, { always: { to: dave.accountId } });
    await forwards(dave, { always: { to: bob.accountId } });
    const round = await ann.client.calls.start(bob.accountId);
    assert.equal((await until(ann, round.callId, 'ended')).outcome, 'unanswered');
    const back = await dave.client.calls.start(bob.accountId);
    assert.equal((await until(dave, back.callId, 'ended')).outcome, 'unanswered');
    await forwards(carol);
    await carol.client.calls.block(ann.accountId);
    const barred = await ann.client.calls.start(bob.accountId);
    assert.equal((await until(ann, barred.callId, 'ended')).outcome, 'unanswered');
    assert.ok(!carol.seen.some(({ callId }) => callId === barred.callId && callId !== round.callId));
    await carol.client.calls.block(ann.accountId, false);
    await assert.rejects(forwards(bob, { always: { to: bob.accountId } }), { code: 'PERSON_UNKNOWN' });
    await Promise.all([forwards(bob), forwards(dave)]);
  });

  it('threat 19: to numbers outside only as the dial plan permits, also if that changes later', async () => {
    await assert.rejects(forwards(dave, { always: { to: 'tel:0900123' } }), { code: 'CALL_REFUSED' });
    await forwards(dave, { always: { to: 'tel:+4930123' } });
    const { callId } = await carol.client.calls.start(dave.accountId);
    const ring = await eventually(
      'the number is called',
      () => rings.at(-1),
      (found) => found?.target === '+4930123',
    );
    await gateway.ringing(ring?.callId ?? '');
    const { person: shown } = await until(carol, callId, 'ringing');
    assert.deepEqual(shown, { displayName: '+4930123', number: '+4930123' });
    await carol.client.calls.end(callId);
    await server.api('PUT', '/api/sip/dial-plan', { rules: [] });
    const refused = await carol.client.calls.start(dave.accountId);
    assert.equal((await until(carol, refused.callId, 'ended')).outcome, 'unanswered');
    await forwards(dave);
  });
});
