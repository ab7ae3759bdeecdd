// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Participant } from '../../contract/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { pcmuOfKeys } from '../support/key-tones.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { freePort, installed } from '../support/programs.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { runSipp, type SippRun, step } from '../support/sipp.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const PIN = '471100';
const MODERATOR_PIN = '881100';
const TONE_HZ = 700;
const AUTH = `[authentication username=sipp password=${PHONE_PASSWORD}]`;

const hasSipp = await installed('sipp');

describe('sipp calls the whole gateway', { skip: hasSipp ? false : 'sipp is not installed' }, () => {
  let server: PhoneServer;
  let moderator: ProtocolClient;
  let mediaPort: number;
  let latestCall: Awaited<ReturnType<PhoneServer['callsFromNow']>>;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('sipp', '1001');
    await server.server.api('PUT', '/api/sip/trunks/provider', { uri: 'sip:127.0.0.1:9' });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: ROOM } },
      { pattern: '200', action: { type: 'pin' } },
      { direction: 'outgoing', pattern: '+X*', action: { type: 'trunk', trunk: 'provider' } },
    ]);
    await server.server.api('PUT', `/api/rooms/${ROOM}/pin`, { pin: PIN, moderatorPin: MODERATOR_PIN });
  });
  after(() => server.close());
  beforeEach(async () => {
    mediaPort = await freePort();
    latestCall = await server.callsFromNow();
    moderator = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'member', displayName: 'Moderator' }),
    );
    await moderator.get('room.join', { roomId: ROOM });
  });
  afterEach(async () => {
    await moderator.get('room.leave', {});
    moderator.close();
    await server.untilIdle();
  });

  function run(steps: string[], args: string[] = [], service = '100'): Promise<SippRun> {
    return runSipp(steps, {
      remotePort: server.sipPort,
      service,
      args: ['-mp', `${mediaPort}`, ...args],
    });
  }

  /** Sends an INVITE and answers the challenge. The next response belongs to the second INVITE. */
  const invite = (sdp = step.sdp('', undefined, '[media_port]')) => [
    step.request('INVITE', { cseq: 1, sdp }),
    step.expect(100, { optional: true }),
    step.expect(401, { auth: true }),
    step.ackFailure(1),
    step.request('INVITE', { cseq: 2, sdp, headers: [AUTH] }),
    step.expect(100, { optional: true }),
    step.expect(180, { optional: true }),
  ];
  const answered = [step.expect(200, { body: 'm=audio' }), step.request('ACK', { cseq: 2, inDialog: true })];
  const bye = (cseq: number) => [step.request('BYE', { cseq, inDialog: true }), step.expect(200)];

  async function succeeds({ finished }: SippRun): Promise<string> {
    const { code, log, messages } = await finished;
    assert.equal(code, 0, `${log}\n${messages}\n${server.server.log.slice(-4000)}`);
    return messages;
  }

  async function joined(displayName = 'Phone sipp'): Promise<Participant> {
    const { participant } = await moderator.event(
      'participant.joined',
      (joined) => joined.participant.displayName === displayName,
    );
    return participant;
  }

  const untilAnswered = () =>
    latestCall(({ answeredAtMs, endedAtMs }) => answeredAtMs !== null && endedAtMs === null);

  const untilSending = () =>
    eventually(
      'the phone sends into the room',
      () => server.server.objects(),
      ({ producers }) => producers === 1,
    );

  async function lastCall(answeredCall = true) {
    const call = await latestCall(({ endCause }) => endCause !== null);
    assert.equal(call.answeredAtMs !== null, answeredCall);
    return call;
  }

  it('threats 20, 21: a call after a 401 has audio both ways, can be held by sendonly, inactive and 0.0.0.0 on the same port, and its RTP can move to another port', async (t) => {
    const change = (cseq: number, sdp: string, answer: string) => [
      step.gate(),
      step.request('INVITE', { cseq, sdp, inDialog: true }),
      step.expect(100, { optional: true }),
      step.expect(200, { body: `a=${answer}` }),
      step.request('ACK', { cseq, inDialog: true }),
    ];
    const sdp = (direction: string, connection?: string, port = '[media_port]') =>
      step.sdp(direction, connection, port);
    let phone: Baresip | undefined;
    try {
      phone = await server.phone('1001', { codecs: 'PCMU/8000/1', toneHz: TONE_HZ });
      phone.command('dial', server.uri('100'));
      await phone.waitFor('CALL_ESTABLISHED');
      await phone.hearsNothing();
      // sipp echoes RTP: the phone hears itself exactly if both directions work.
      const sipp = await run(
        [
          ...invite(),
          ...answered,
          ...change(3, sdp('sendonly'), 'recvonly'),
          ...change(4, sdp('sendrecv'), 'sendrecv'),
          ...change(5, sdp('inactive'), 'inactive'),
          ...change(6, sdp(''), 'sendrecv'),
          ...change(7, sdp('', '0.0.0.0'), 'recvonly'),
          ...change(8, sdp('', undefined, '[media_port+2]'), 'sendrecv'),
          step.gate(),
          ...bye(9),
        ],
        ['-rtp_echo'],
      );
      const { participantId } = await joined();
      const shown = (state: Participant['callState'], times: number) =>
        eventually(
          `shown as ${state}`,
          () =>
            moderator.count(
              'participant.updated',
              ({ participant }) =>
                participant.participantId === participantId && participant.callState === state,
            ),
          (count) => count === times,
        );
      t.diagnostic(`echoed: ${JSON.stringify(await phone.hears(TONE_HZ))}`);
      for (let holds = 1; holds <= 3; holds++) {
        await sipp.go();
        await shown('held', holds);
        await phone.hearsNothing();
        await sipp.go();
        await shown('answered', holds);
        await phone.hears(TONE_HZ);
      }
      await sipp.go();
      const messages = await succeeds(sipp);
      const answers = [...messages.matchAll(/^SIP\/2\.0 200 [\s\S]*?^m=audio (\d+) RTP\/AVP ([\d ]+)\r?$/gm)];
      assert.ok(answers.length >= 7, messages);
      const ports = new Set(answers.map(([, port]) => port));
      assert.equal(ports.size, 1, 'every answer keeps the port');
      assert.ok(!ports.has('0'));
      // RFC 3264 §8: the version is incremented by one when the description changes.
      const versions = answers.map(([text]) => Number(/^o=\S+ \d+ (\d+) /m.exec(text)?.[1]));
      const unique = [...new Set(versions)];
      assert.deepEqual(
        unique,
        unique.map((_, index) => (unique[0] ?? 0) + index),
        `versions ${versions}`,
      );
      await moderator.event('participant.left', (left) => left.participantId === participantId);
    } finally {
      await phone?.stop();
    }
  });

  it('threat 20: a BYE before the ACK ends the call and removes the phone from the roster', async () => {
    const sipp = await run([
      ...invite(),
      step.expect(200),
      step.request('BYE', { cseq: 3, inDialog: true }),
      step.expect(200, { header: 'CSeq: 3 BYE' }),
    ]);
    const { participantId } = await joined();
    await succeeds(sipp);
    await moderator.event('participant.left', (left) => left.participantId === participantId);
    assert.equal((await lastCall()).endCause, 'remote');
  });

  it('threat 20: a CANCEL that crosses the 200 changes nothing: the phone stays in the room until its BYE', async () => {
    const sipp = await run([
      ...invite(),
      step.expect(200),
      step.request('CANCEL', { cseq: 2, sameBranch: true }),
      step.expect(200, { header: 'CSeq: 2 CANCEL' }),
      step.request('ACK', { cseq: 2, inDialog: true }),
      step.gate(),
      ...bye(3),
    ]);
    const { participantId } = await joined();
    await untilSending();
    assert.equal(moderator.count('participant.left'), 0);
    await sipp.go();
    await succeeds(sipp);
    await moderator.event('participant.left', (left) => left.participantId === participantId);
    assert.equal((await lastCall()).endCause, 'remote');
  });

  it('threat 21: RFC 4733 events from a third-party phone are a PIN, which leads to its room', {
    skip: process.getuid?.() === 0 ? false : 'sipp needs raw sockets to play events',
  }, async () => {
    // sipp always uses this payload type for events.
    const sdp = step.sdp('', undefined, '[media_port]').replaceAll('101', '96');
    const sipp = await run(
      [...invite(sdp), ...answered, step.gate(), step.exec(`play_dtmf="${PIN}#"`), step.gate(), ...bye(3)],
      [],
      '200',
    );
    await untilAnswered();
    await sipp.go();
    await joined();
    await sipp.go();
    await succeeds(sipp);
    assert.equal((await lastCall()).roomId, ROOM);
  });

  it('threat 21: keys as tones in the voice, from a phone without RFC 4733, are a PIN, also where INFO repeats them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keys-'));
    const file = join(folder, 'keys.raw');
    await writeFile(file, await pcmuOfKeys(`${PIN}#`));
    const sdp = step.sdp('', undefined, '[media_port]').replace(/ 101|\na=rtpmap:101.*/g, '');
    const info = (cseq: number, key: string) => [
      step.request('INFO', { cseq, inDialog: true, body: `Signal=${key}`, type: 'application/dtmf-relay' }),
      step.expect(200),
    ];
    try {
      const sipp = await run(
        [
          ...invite(sdp),
          ...answered,
          step.gate(),
          step.exec(`rtp_stream="${file},1,0"`),
          step.pause(100),
          ...info(3, PIN[0] ?? ''),
          step.gate(),
          ...bye(4),
        ],
        [],
        '200',
      );
      await untilAnswered();
      await sipp.go();
      await joined();
      await sipp.go();
      await succeeds(sipp);
      assert.equal((await lastCall()).roomId, ROOM);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('a caller with the PIN of moderators locks the room, mutes everyone and calls a number by keys', async () => {
    let cseq = 2;
    const press = (keys: string) =>
      [...keys].flatMap((key) => {
        cseq += 1;
        const info = { cseq, inDialog: true, body: `Signal=${key}`, type: 'application/dtmf-relay' };
        return [step.request('INFO', info), step.expect(200)];
      });
    const sipp = await run(
      [
        ...invite(),
        ...answered,
        step.gate(),
        ...press(`${MODERATOR_PIN}#`),
        step.gate(),
        ...press('*0*1*5'),
        step.gate(),
        // The number is given up, and entered again.
        ...press('*5*4*21234*'),
        ...press('*21001#'),
        step.gate(),
        ...bye(cseq + 1),
      ],
      [],
      '200',
    );
    await untilAnswered();
    await sipp.go();
    const phone = await joined();
    assert.equal(phone.roomRole, 'moderator');
    await untilSending();
    await sipp.go();
    await moderator.event('room.changed', ({ room }) => room.locked);
    await sipp.go();
    await moderator.event('room.changed', ({ room }) => !room.locked);
    // It is not registered, so the call fails at once.
    await joined('Phone 1001');
    // Moderators are not muted.
    assert.equal(moderator.count('participant.action'), 0);
    await sipp.go();
    await succeeds(sipp);
  });

  it('packets that the system refuses to send to the caller’s address are counted by reason', async () => {
    const refused = async () =>
      (await server.server.metrics()).get('canopy_sip_unsent_packets{reason="other"}') ?? Number.NaN;
    assert.equal(await refused(), 0);
    // Our sockets may not broadcast.
    const sipp = await run([
      ...invite(step.sdp('', '127.255.255.255', '[media_port]')),
      ...answered,
      step.gate(),
      ...bye(3),
    ]);
    await joined();
    await eventually('packets are counted', refused, (count) => count > 10);
    await sipp.go();
    await succeeds(sipp);
    const metrics = await server.server.metrics();
    for (const reason of ['wouldBlock', 'noBuffers', 'refused', 'unreachable', 'queueFull']) {
      assert.equal(metrics.get(`canopy_sip_unsent_packets{reason="${reason}"}`), 0, reason);
    }
  });

  describe('outgoing calls through a trunk', () => {
    const challenge =
      'WWW-Authenticate: Digest realm="provider.test", nonce="47ebe028cda119c35d4877b383027d28da013815", algorithm=MD5, qop="auth"';

    /** A provider that challenges each call and accepts callers who know the secret. */
    async function provider(steps: string[], settings: object = {}): Promise<SippRun> {
      const sipp = await runSipp(
        [
          step.expectRequest('INVITE'),
          step.response('401 Unauthorized', { tag: 'a1', headers: [challenge] }),
          step.expectRequest('ACK'),
          '<recv request="INVITE"><action><ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/><verifyauth assign_to="v0" username="canopy" password="a trunk secret"/></action></recv>',
          '<nop test="v0" next="good"/>',
          step.response('403 Forbidden', { tag: 'a2' }),
          '<recv request="ACK" next="end"/>',
          '<label id="good"/>',
          ...steps,
          '<label id="end"/>',
        ],
        { args: ['-mp', `${mediaPort}`, '-rtp_echo'] },
      );
      await server.server.api('PUT', '/api/sip/trunks/provider', {
        uri: `sip:127.0.0.1:${sipp.port}`,
        username: 'canopy',
        password: 'a trunk secret',
        realm: 'provider.test',
        callerId: '15550199',
        ...settings,
      });
      return sipp;
    }

    it('its challenge is answered, number and caller id are as configured, and a kick hangs up', async () => {
      const sipp = await provider([
        step.response('180 Ringing', { tag: 'a2' }),
        step.response('200 OK', {
          tag: 'a2',
          sdp: step.sdp('', undefined, '[media_port]'),
          retransmit: true,
        }),
        step.expectRequest('ACK'),
        step.expectRequest('BYE'),
        step.response('200 OK'),
      ]);
      await moderator.get('call.dial', { target: 'tel:+1-555-0100' });
      const { participantId } = await joined('+15550100');
      await moderator.event(
        'participant.updated',
        ({ participant }) =>
          participant.participantId === participantId && participant.callState === 'answered',
      );
      await moderator.get('participant.kick', { participantId });
      const messages = await succeeds(sipp);
      assert.match(messages, /^INVITE sip:\+15550100@/m);
      // The account's domain, and a display name with the caller and the room.
      assert.match(messages, /^From: "Moderator \(team\)" <sip:15550199@127\.0\.0\.1>/m);
      assert.match(messages, /^Contact: <sip:100@127\.0\.0\.1/m);
      assert.equal((await lastCall()).endCause, 'kicked');
    });

    it('the operator transfers the call: the provider is asked for it (REFER), tells how that went, and gets BYE', async () => {
      const kept = (name: string, at: string) =>
        `<ereg regexp=".*" search_in="hdr" header="${name}:" assign_to="${at}"/>`;
      const sipp = await provider([
        step.response('200 OK', {
          tag: 'a2',
          sdp: step.sdp('', undefined, '[media_port]'),
          retransmit: true,
        }),
        step.expectRequest('ACK'),
        `<recv request="REFER"><action>${kept('From', 'v901')}${kept('To', 'v902')}</action></recv>`,
        step.response('202 Accepted'),
        ...[
          ['SIP/2.0 180 Ringing', 'active;expires=60'],
          ['SIP/2.0 200 OK', 'terminated;reason=noresource'],
        ].flatMap(([fragment, state], index) => [
          `<send retrans="500"><![CDATA[
NOTIFY sip:canopy@127.0.0.1:${server.sipPort} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$v902]
To:[$v901]
Call-ID: [call_id]
CSeq: ${index + 1} NOTIFY
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
Event: refer
Subscription-State: ${state}
Content-Type: message/sipfrag;version=2.0
Content-Length: [len]

${fragment}
]]></send>`,
          step.expect(200, { header: 'CSeq: . NOTIFY' }),
        ]),
        step.expectRequest('BYE'),
        step.response('200 OK'),
      ]);
      const { callId } = await moderator.get('call.dial', { target: '+15550100' });
      await untilAnswered();
      const refused = async (id: string, body: object) => {
        const path = `/api/sip/calls/${id}/transfer`;
        const error: Error = await server.server.api('POST', path, body).then(
          () => assert.fail('transferred'),
          (reason) => reason,
        );
        return /"code":"(\w+)"/.exec(error.message)?.[1];
      };
      assert.equal(await refused(randomUUID(), { target: '+1' }), 'NOT_FOUND');
      assert.equal(await refused(callId, {}), 'BAD_REQUEST');
      assert.equal(await refused(callId, { target: '1001' }), 'CALL_REFUSED');
      assert.equal(await refused(callId, { otherCallId: callId }), 'CALL_REFUSED');
      await server.server.api('POST', `/api/sip/calls/${callId}/transfer`, { target: '+49301234' });
      const messages = await succeeds(sipp);
      assert.match(messages, new RegExp(`^Refer-To: <sip:\\+49301234@127\\.0\\.0\\.1:${sipp.port}>`, 'm'));
      const call = await lastCall();
      assert.deepEqual(
        [call.endCause, call.transfer],
        ['transferred', { target: '+49301234', sipStatus: 200 }],
      );
    });

    it('what a provider plays before its answer is heard in the room if the trunk is set so', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'early-'));
      const file = join(folder, 'tone.raw');
      try {
        await writeFile(file, await pcmuOfKeys('1'.repeat(60)));
        const sdp = step.sdp('', undefined, '[media_port]');
        const sipp = await provider(
          [
            step.response('183 Session Progress', { tag: 'a2', sdp }),
            step.exec(`rtp_stream="${file},1,0"`),
            step.pause(1500),
            step.response('200 OK', { tag: 'a2', sdp, retransmit: true }),
            step.expectRequest('ACK'),
            step.expectRequest('BYE'),
            step.response('200 OK'),
          ],
          { earlyMedia: true },
        );
        await moderator.get('call.dial', { target: '+15550100' });
        const { participantId } = await joined('+15550100');
        const { producer, log: heard } = await moderator.event(
          'producer.added',
          (added) => added.producer.participantId === participantId,
        );
        await moderator.event('room.speaker', (speaker) => speaker.participantId === participantId);
        const { log: answered } = await moderator.event(
          'participant.updated',
          ({ participant }) =>
            participant.participantId === participantId && participant.callState === 'answered',
        );
        assert.ok(heard.seq < answered.seq, 'heard before the answer');
        const closed = moderator.count(
          'producer.closed',
          ({ producerId }) => producerId === producer.producerId,
        );
        assert.equal(closed, 0);
        await moderator.get('participant.kick', { participantId });
        await succeeds(sipp);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    it('a phone that answers on hold is shown as held', async () => {
      const sipp = await provider([
        step.response('200 OK', {
          tag: 'a2',
          sdp: step.sdp('sendonly', undefined, '[media_port]'),
          retransmit: true,
        }),
        step.expectRequest('ACK'),
        step.expectRequest('BYE'),
        step.response('200 OK'),
      ]);
      await moderator.get('call.dial', { target: '+15550100' });
      const { participantId } = await joined('+15550100');
      await moderator.event(
        'participant.updated',
        ({ participant }) => participant.participantId === participantId && participant.callState === 'held',
      );
      await moderator.get('participant.kick', { participantId });
      await succeeds(sipp);
      assert.equal((await lastCall()).endCause, 'kicked');
    });

    it('a callee that requires encryption ends the call, and the caller sees why', async () => {
      const sipp = await provider([
        step.response('200 OK', { tag: 'a2', sdp: step.sdp('', undefined, '0'), retransmit: true }),
        step.expectRequest('ACK'),
        step.expectRequest('BYE'),
        step.response('200 OK'),
      ]);
      const { callId } = await moderator.get('call.dial', { target: '+15550100' });
      const { error } = await moderator.event('call.failed', (failed) => failed.callId === callId);
      assert.equal(error.detail, 'the phone requires encryption (SRTP)');
      await succeeds(sipp);
      await lastCall(false);
    });

    it('threat 20: a 200 that crosses a kick’s CANCEL is acknowledged and ended with BYE', async () => {
      const sipp = await provider([
        step.response('180 Ringing', { tag: 'a2' }),
        step.expectRequest('CANCEL'),
        step.response('200 OK'),
        step
          .inviteResponse('200 OK', { tag: 'a2', sdp: step.sdp('', undefined, '[media_port]') })
          .replace('CSeq: 1 INVITE', 'CSeq: 2 INVITE'),
        step.expectRequest('ACK'),
        step.expectRequest('BYE'),
        step.response('200 OK'),
      ]);
      await moderator.get('call.dial', { target: '+15550100' });
      const { participantId } = await joined('+15550100');
      await moderator.event(
        'participant.updated',
        ({ participant }) =>
          participant.participantId === participantId && participant.callState === 'ringing',
      );
      await moderator.get('participant.kick', { participantId });
      await succeeds(sipp);
      assert.equal((await lastCall(false)).endCause, 'kicked');
    });
  });
});
