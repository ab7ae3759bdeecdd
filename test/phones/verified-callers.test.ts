// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CallerVerification } from '../../contract/index.ts';
import { type CallShown, PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { g711Offer, SipPeer } from '../support/sip-peer.ts';
import { StirOperator } from '../support/stir-operator.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const CALLER = '4930777777';
const CALLED = '493012345';

describe('callers whose operator signs their numbers', () => {
  let operator: StirOperator;
  let server: PhoneServer;
  let trunk: SipPeer;
  let member: ProtocolClient;
  /** Phones that have been in the room. */
  const seen = new Set<string>();

  before(async () => {
    operator = await StirOperator.start();
    server = await PhoneServer.start({
      flags: ['--workers', '1'],
      env: { NODE_EXTRA_CA_CERTS: operator.webCaFile },
    });
    trunk = await SipPeer.open('127.0.0.19', server.sipPort);
    await put({});
    await server.setDialPlan([{ pattern: `+${CALLED}`, action: { type: 'room', roomId: ROOM } }]);
    member = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
    await member.get('room.join', { roomId: ROOM });
  });
  after(async () => {
    member.close();
    trunk.close();
    await server.close();
    operator.close();
  });

  const put = (more: object) =>
    server.server.api('PUT', '/api/sip/trunks/operator', {
      uri: `sip:127.0.0.19:${trunk.port}`,
      addresses: ['127.0.0.19'],
      numbers: { countryCode: '49', incoming: 'digits' },
      stirShaken: { certificateHosts: [operator.host], trustedCa: operator.trustedCa, ...more },
    });
  const invite = (headers: string[]) => ({
    user: CALLED,
    from: CALLER,
    sdp: g711Offer('127.0.0.19', 40_010),
    headers,
  });
  const latest = async () =>
    ((await server.calls()) as Array<CallShown & { verification?: CallerVerification }>)[0];

  /** Makes a call; returns the caller's attributes in the room and what the history knows. */
  async function shown(callId: string, headers: string[]) {
    const request = { ...invite(headers), callId };
    const answer = await trunk.ask('INVITE', request);
    assert.match(answer, /^SIP\/2\.0 200/);
    const toTag = /^To:.*;tag=([^;\s]+)/im.exec(answer)?.[1] ?? '';
    trunk.send(trunk.request('ACK', { ...request, sdp: '', toTag }));
    const { participant } = await member.event(
      'participant.joined',
      (event) => event.participant.kind === 'phone' && !seen.has(event.participant.participantId),
    );
    seen.add(participant.participantId);
    const call = await latest();
    await server.server.api('DELETE', `/api/sip/calls/${call?.callId}`);
    trunk.answer(await trunk.waitFor((text) => text.startsWith('BYE ') && text.includes(callId)), '200 OK');
    return { verstat: participant.attributes?.verstat, verification: call?.verification };
  }

  it('are shown as verified in the room and in the history, others as not verified', async () => {
    const identity = `Identity: ${await operator.sign({ orig: CALLER, dest: [CALLED] })}`;
    const { verstat, verification } = await shown('signed', [identity]);
    assert.equal(verstat, 'TN-Validation-Passed-A', verification?.reason);
    assert.deepEqual(
      [verification?.result, verification?.attestation, verification?.by],
      ['passed', 'A', 'canopy'],
    );
    const forged = `Identity: ${await operator.sign({ orig: '4930111111', dest: [CALLED] })}`;
    const failed = await shown('forged', [forged]);
    assert.deepEqual([failed.verstat, failed.verification?.result], ['TN-Validation-Failed', 'failed']);
    const trusted = await shown('said', [
      'P-Asserted-Identity: <sip:+4930777777;verstat=TN-Validation-Passed-A@x>',
    ]);
    assert.deepEqual(
      trusted,
      { verstat: undefined, verification: undefined },
      'the trunk is not trusted to say so',
    );
    await put({ trustVerstat: true });
    const said = await shown('trusted', [
      'P-Asserted-Identity: <sip:+4930777777;verstat=TN-Validation-Passed-A@x>',
    ]);
    assert.deepEqual([said.verstat, said.verification?.by], ['TN-Validation-Passed-A', 'trunk']);
  });

  it('are refused where the trunk requires a signature and theirs does not verify', async () => {
    await put({ required: true });
    for (const [status, headers] of [
      ['428 Use Identity Header', []],
      ['438 Invalid Identity Header', ['Identity: a.b.c;info=<https://x.example/1.pem>;ppt=shaken']],
      [
        '403 Stale Date',
        [`Identity: ${await operator.sign({ orig: CALLER, dest: [CALLED], iat: 1_700_000_000 })}`],
      ],
      [
        '437 Unsupported Credential',
        [`Identity: ${await operator.sign({ orig: CALLER, dest: [CALLED], url: operator.issue('plain') })}`],
      ],
      [
        '436 Bad Identity Info',
        [`Identity: ${await operator.sign({ orig: CALLER, dest: [CALLED], url: operator.url('missing') })}`],
      ],
    ] as const) {
      const request = { ...invite([...headers]), callId: status.replaceAll(' ', '-') };
      const answer = await trunk.ask('INVITE', request);
      assert.ok(answer.startsWith(`SIP/2.0 ${status}`), answer.split('\r\n')[0]);
      const code = Number(status.slice(0, 3));
      const call = await eventually('the history has it', latest, (found) => found?.sipStatus === code);
      assert.equal(call?.endCause, 'refused');
    }
    const identity = `Identity: ${await operator.sign({ orig: CALLER, dest: [CALLED], attest: 'B' })}`;
    assert.equal((await shown('good', [identity])).verstat, 'TN-Validation-Passed-B');
  });
});
