// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CallShown, PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { g711Offer, headerOf, SipPeer } from '../support/sip-peer.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const NUMBERS = { countryCode: '49', outgoing: 'e164', incoming: 'digits' };
const IDENTITY = { header: 'P-Asserted-Identity', number: '+493012345' };

interface TrunkShown {
  contactStates: Array<{ state: string; sipStatus: number | null }>;
  usage: Array<{ prefix: string | null; seconds: number; cost: number }>;
}

describe('a provider’s trunk', () => {
  let server: PhoneServer;
  let provider: SipPeer;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    provider = await SipPeer.open('127.0.0.9', server.sipPort);
    await server.addPhones('1001');
    await put({});
    await server.setDialPlan([
      { pattern: '+493012345', action: { type: 'room', roomId: ROOM } },
      { pattern: '*', action: { type: 'pin' } },
      { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'provider' } },
    ]);
  });
  after(async () => {
    provider.close();
    await server.close();
  });

  const put = (settings: object) =>
    server.server.api('PUT', '/api/sip/trunks/provider', {
      uri: `sip:127.0.0.9:${provider.port}`,
      domain: 'provider.example',
      callerId: 'account7',
      addresses: ['127.0.0.9'],
      numbers: NUMBERS,
      identity: IDENTITY,
      headers: [{ header: 'X-Customer-Id', attribute: 'customer' }],
      ...settings,
    });
  const dial = (target: string, more: object = {}) =>
    server.server.api<{ callId: string }>('POST', '/api/sip/calls', { roomId: ROOM, target, ...more });
  /** The next INVITE that the provider gets. */
  const invited = (from: number) => provider.waitFor((text) => text.startsWith('INVITE '), from);

  /** The call with this id, or the one that ended for this cause, once it has ended. */
  async function ended(callIdOrCause: string): Promise<CallShown> {
    const call = await eventually(
      'the history shows the end of the call',
      async () =>
        (await server.calls()).find(({ callId, endCause }) => [callId, endCause].includes(callIdOrCause)),
      (found) => found !== undefined && found.endedAtMs !== null,
    );
    assert.ok(call);
    return call;
  }

  it('gets numbers and caller in the form that it wants, and only what it may know of a withheld caller', async () => {
    await put({ codecs: ['PCMA', 'PCMU'], dtmf: 'info' });
    for (const withheld of [false, true]) {
      const from = provider.received.length;
      const { callId } = await dial('030-1234567', { withheld });
      const invite = await invited(from);
      assert.match(invite, /^m=audio \d+ RTP\/AVP 8 0\r$/m, 'its codecs, and no telephone-events');
      assert.match(invite, /^INVITE sip:\+49301234567@127\.0\.0\.9/);
      const asserted = headerOf(invite, 'P-Asserted-Identity') ?? '';
      if (withheld) {
        assert.equal(
          headerOf(invite, 'From')?.replace(/;tag=.*/, ''),
          '"Anonymous" <sip:anonymous@anonymous.invalid>',
        );
        assert.equal(asserted, '<sip:+493012345@provider.example>');
        assert.equal(headerOf(invite, 'Privacy'), 'id');
        assert.match(headerOf(invite, 'Contact') ?? '', /^<sip:anonymous@/);
        assert.ok(!invite.includes(ROOM), 'the room is not named');
      } else {
        assert.match(headerOf(invite, 'From') ?? '', /^"team" <sip:account7@provider\.example>/);
        assert.equal(asserted, '"team" <sip:+493012345@provider.example>');
        assert.equal(headerOf(invite, 'Privacy'), undefined);
      }
      provider.answer(invite, '486 Busy Here');
      assert.equal((await ended(callId)).sipStatus, 486);
    }
  });

  it('its numbers reach the dial plan and the history in E.164 form; those of withheld callers reach nobody', async () => {
    const member = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
    await member.get('room.join', { roomId: ROOM });
    const sdp = g711Offer('127.0.0.9', 40_000);
    for (const [headers, remote] of [
      [['X-Customer-Id: 4711'], 'sip:+4930777777@127.0.0.1'],
      [['X-Customer-Id: 4711', 'Privacy: id'], 'sip:anonymous@anonymous.invalid'],
    ] as const) {
      const invite = { user: '493012345', from: '4930777777', sdp, headers: [...headers] };
      const answer = await provider.ask('INVITE', { ...invite, callId: `in-${headers.length}` });
      assert.match(answer, /^SIP\/2\.0 200/);
      const toTag = /^To:.*;tag=([^;\s]+)/im.exec(answer)?.[1] ?? '';
      provider.send(provider.request('ACK', { ...invite, sdp: '', callId: `in-${headers.length}`, toTag }));
      const { participant } = await member.event(
        'participant.joined',
        (event) => event.participant.kind === 'phone',
      );
      assert.deepEqual(participant.attributes, { customer: '4711' });
      const [call] = (await server.calls()) as Array<
        CallShown & { remote: string; dialled: string; attributes?: object }
      >;
      assert.deepEqual(call?.attributes, { customer: '4711' });
      assert.deepEqual([call?.remote, call?.dialled, call?.roomId], [remote, '+493012345', ROOM]);
      await server.server.api('DELETE', `/api/sip/calls/${call?.callId}`);
      const bye = await provider.waitFor(
        (text) => text.startsWith('BYE ') && text.includes(`in-${headers.length}`),
      );
      provider.answer(bye, '200 OK');
    }
    assert.ok(!server.server.log.includes('4930777777'), 'no number is in the log');
    member.close();
  });

  it('is asked whether it is there, and what it answers is shown', async () => {
    const from = provider.received.length;
    await put({ pingSeconds: 3600 });
    const options = await provider.waitFor((text) => text.startsWith('OPTIONS '), from);
    provider.answer(options, '200 OK');
    const shown = await eventually(
      'the answer is shown',
      async () => (await server.server.api<{ trunks: TrunkShown[] }>('GET', '/api/sip/trunks')).trunks[0],
      (trunk) => trunk?.contactStates[0]?.state === 'up',
    );
    assert.equal(shown?.contactStates[0]?.sipStatus, 200);
    const metrics = await server.server.metrics();
    assert.equal(metrics.get('canopy_sip_trunk_contacts{state="up"}'), 1);
  });

  it('emergency numbers are refused with their own error, and with 403 where a phone dials them', async () => {
    await assert.rejects(dial('112'), /EMERGENCY_CALL_REFUSED/);
    await assert.rejects(dial('0110'), /EMERGENCY_CALL_REFUSED/, 'the plan has a route for it');
    const phone = await SipPeer.open('127.0.0.10', server.sipPort);
    try {
      const sdp = g711Offer('127.0.0.10', 40_002);
      const refusal = await phone.login('INVITE', '1001', PHONE_PASSWORD, { user: '112', sdp });
      assert.match(refusal, /^SIP\/2\.0 403 Emergency Calls Not Possible Here/);
      assert.equal((await ended('barred')).sipStatus, 403);
    } finally {
      phone.close();
    }
  });

  it('threat 19: barred numbers and reached limits are refused, and a call that would exceed the cap ends', async () => {
    // The currency is seconds.
    const prices = [{ prefix: '', perMinute: 60, costPerDay: 5 }];
    await put({ limits: { deny: ['0900'], prices, incrementSeconds: 1, callsPerSecond: 100 } });
    await assert.rejects(dial('0900-1234'), /TRUNK_NUMBER_BARRED/);
    const from = provider.received.length;
    const { callId } = await dial('0301234567');
    const invite = await invited(from);
    const tagged = invite.replace(/^To: (.*?)\r$/m, 'To: $1;tag=a\r');
    const contact = `Contact: <sip:x@127.0.0.9:${provider.port}>`;
    provider.answer(tagged, '200 OK', [contact], g711Offer('127.0.0.9', 40_004));
    const bye = await provider.waitFor((text) => text.startsWith('BYE '), from);
    provider.answer(bye, '200 OK');
    const call = await ended(callId);
    assert.equal(call.endCause, 'limit');
    assert.ok((call.endedAtMs ?? 0) - (call.answeredAtMs ?? 0) < 8000);
    await put({ limits: { prices, costPerDay: 0 } });
    const { callId: refused } = await dial('0301234567');
    const { endCause, sipStatus } = await ended(refused);
    assert.deepEqual([endCause, sipStatus], ['limit', 503]);
    const { trunks } = await server.server.api<{ trunks: TrunkShown[] }>('GET', '/api/sip/trunks');
    assert.deepEqual(
      trunks[0]?.usage.map(({ prefix, cost }) => [prefix, cost > 0 && cost <= 5]),
      [
        [null, true],
        ['', true],
      ],
    );
  });
});
