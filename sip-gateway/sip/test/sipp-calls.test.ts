import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { installed } from '../../../test/support/programs.ts';
import { runSipp, step } from '../../../test/support/sipp.ts';
import type { Call, CallEnd } from '../index.ts';
import { SdpSession, SipStack, type SipStackOptions } from '../index.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
const AUTH = '[authentication username=sipp password=secret]';
/** T1 of 50 ms: what takes 32 s by the RFC takes 3.2 s here. */
const FAST = { t1: 50, t2: 400, t4: 500 };

async function withStack(
  options: Partial<SipStackOptions>,
  run: (stack: SipStack, port: number) => Promise<void>,
): Promise<void> {
  const stack = await SipStack.create({
    listen: [
      { protocol: 'udp', address: '127.0.0.1', port: 0 },
      { protocol: 'tcp', address: '127.0.0.1', port: 0 },
    ],
    anonymousCalls: true,
    ...options,
  });
  try {
    await run(stack, stack.bound[0]?.local.port ?? 0);
    assert.equal(stack.counts.calls, 0, 'no call is left');
    assert.equal(stack.counts.dialogs, 0, 'no dialog is left');
  } finally {
    await stack.close();
  }
}

function portOf(stack: SipStack, protocol: string): number {
  return stack.bound.find((listener) => listener.protocol === protocol)?.local.port ?? 0;
}

/** Answers calls and whatever they offer later, as a bridge would. */
function answerAll(stack: SipStack, ends: CallEnd[] = []): void {
  stack.on('invite', (call) => {
    const session = new SdpSession();
    call.on('end', (end) => ends.push(end));
    call.on('offer', (offer) => {
      if (offer.sdp === undefined) {
        offer.accept(session.offer(LOCAL));
      } else {
        offer.accept(session.answer(offer.sdp, LOCAL).sdp);
      }
    });
    call.ring();
    if (call.offer === undefined) {
      call.accept(session.offer(LOCAL));
    } else {
      call.accept(session.answer(call.offer, LOCAL).sdp);
    }
  });
}

async function ended(call: Call): Promise<CallEnd> {
  if (call.state === 'ended') {
    throw new Error('the call ended before');
  }
  const [end] = await once(call, 'end');
  return end as CallEnd;
}

async function succeeds(run: { finished: Promise<{ code: number; log: string }> }): Promise<void> {
  const { code, log } = await run.finished;
  assert.equal(code, 0, log);
}

const hasSipp = await installed('sipp');

describe('calls with sipp', { skip: hasSipp ? false : 'sipp is not installed' }, () => {
  const users = {
    realm: 'canopy.test',
    lookup: (name: string) => (name === 'sipp' ? 'secret' : undefined),
    algorithms: ['MD5'] as const,
  };

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`a caller authenticates by digest, holds in four ways, resumes, sends keys and hangs up, over ${protocol}`, async () => {
      await withStack({ users, anonymousCalls: false }, async (stack) => {
        const ends: CallEnd[] = [];
        const digits: string[] = [];
        answerAll(stack, ends);
        stack.on('invite', (call) => {
          assert.deepEqual(call.identity, { kind: 'user', username: 'sipp' });
          call.on('dtmf', ({ digit }) => digits.push(digit));
        });
        const change = (cseq: number, direction: string, answer: string, connection?: string) => [
          step.request('INVITE', { cseq, sdp: step.sdp(direction, connection), inDialog: true }),
          step.expect(100, { optional: true }),
          step.expect(200, { body: `a=${answer}` }),
          step.request('ACK', { cseq, inDialog: true }),
        ];
        const run = await runSipp(
          [
            step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
            step.expect(100, { optional: true }),
            step.expect(401, { auth: true }),
            step.ackFailure(1),
            step.request('INVITE', { cseq: 2, sdp: step.sdp(''), headers: [AUTH] }),
            step.expect(100, { optional: true }),
            step.expect(180),
            step.expect(200, { body: 'm=audio 7000 RTP/AVP 0 101' }),
            step.request('ACK', { cseq: 2, inDialog: true }),
            ...change(3, 'sendonly', 'recvonly'),
            ...change(4, 'inactive', 'inactive'),
            ...change(5, '', 'recvonly', '0.0.0.0'),
            ...change(6, 'recvonly', 'sendonly'),
            ...change(7, 'sendrecv', 'sendrecv'),
            step.request('INFO', {
              cseq: 8,
              inDialog: true,
              body: 'Signal=5\nDuration=160\n',
              type: 'application/dtmf-relay',
            }),
            step.expect(200),
            step.request('OPTIONS', { cseq: 9, inDialog: true }),
            step.expect(200, { header: 'Allow: .*UPDATE' }),
            step.request('UPDATE', { cseq: 10, sdp: step.sdp('sendonly'), inDialog: true }),
            step.expect(200, { body: 'a=recvonly' }),
            step.request('BYE', { cseq: 11, inDialog: true }),
            step.expect(200),
          ],
          { remotePort: portOf(stack, protocol), tcp: protocol === 'tcp' },
        );
        await succeeds(run);
        assert.deepEqual(ends, [{ cause: 'remote' }]);
        assert.deepEqual(digits, ['5']);
      });
    });
  }

  it('threat 18: a wrong password gets 403, an unknown user too, and three, as configured, lock the user out', async () => {
    const guarded = { ...users, guard: { maxFailures: 3 } };
    await withStack({ users: guarded, anonymousCalls: false }, async (_stack, port) => {
      const refused = (auth: string) =>
        runSipp(
          [
            step.request('REGISTER', { cseq: 1 }),
            step.expect(401, { auth: true }),
            step.request('REGISTER', { cseq: 2, headers: [auth] }),
            step.expect(403),
          ],
          { remotePort: port },
        ).then(succeeds);
      await refused('[authentication username=nobody password=secret]');
      for (let count = 0; count < 3; count++) {
        await refused('[authentication username=sipp password=wrong]');
      }
      await refused(AUTH);
    });
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`a caller over IPv6, by ${protocol}, gets our BYE`, async () => {
      await withStack({ listen: [{ protocol, address: '::1', port: 0 }] }, async (stack, port) => {
        stack.on('invite', (call) => {
          call.on('confirmed', () => void call.hangUp());
          call.accept(new SdpSession().answer(call.offer ?? '', { ...LOCAL, address: '::1' }).sdp);
        });
        const run = await runSipp(
          [
            step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
            step.expect(100, { optional: true }),
            step.expect(200, { body: 'c=IN IP6 ::1', header: 'Contact: .sip:room@.::1.:' }),
            step.request('ACK', { cseq: 1, inDialog: true }),
            step.expectRequest('BYE'),
            step.response('200 OK'),
          ],
          { remotePort: port, host: '[::1]', tcp: protocol === 'tcp' },
        );
        await succeeds(run);
      });
    });
  }

  it('threat 20: T.38 alone is refused with 488 and a warning, in an INVITE and in a re-INVITE', async () => {
    await withStack({}, async (stack, port) => {
      answerAll(stack);
      const fax = step.sdp('').replace(/m=audio[\s\S]*/, 'm=image 6002 udptl t38');
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: fax }),
          step.expect(100, { optional: true }),
          step.expect(180, { optional: true }),
          step.expect(488, { header: 'Warning: 304' }),
          step.ackFailure(1),
          step.request('INVITE', { cseq: 2, sdp: step.sdp('') }),
          step.expect(100, { optional: true }),
          step.expect(180, { optional: true }),
          step.expect(200),
          step.request('ACK', { cseq: 2, inDialog: true }),
          step.request('INVITE', { cseq: 3, sdp: fax, inDialog: true }),
          step.expect(488),
          step.request('ACK', { cseq: 3, inDialog: true, sameBranch: true }),
          step.request('BYE', { cseq: 4, inDialog: true }),
          step.expect(200),
        ],
        { remotePort: port },
      );
      await succeeds(run);
    });
  });

  it('a caller cancels while it rings', async () => {
    await withStack({}, async (stack, port) => {
      const ends: CallEnd[] = [];
      stack.on('invite', (call) => {
        call.on('end', (end) => ends.push(end));
        call.ring();
      });
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
          step.expect(100, { optional: true }),
          step.expect(180),
          step.request('CANCEL', { cseq: 1, sameBranch: true }),
          step.expect(200),
          step.expect(487),
          step.ackFailure(1),
        ],
        { remotePort: port },
      );
      await succeeds(run);
      assert.deepEqual(ends, [{ cause: 'cancelled' }]);
    });
  });

  it('threat 20: a CANCEL that crosses the 200 has no effect: the call continues until BYE', async () => {
    await withStack({}, async (stack, port) => {
      const ends: CallEnd[] = [];
      answerAll(stack, ends);
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
          step.expect(100, { optional: true }),
          step.expect(180),
          step.expect(200),
          step.request('CANCEL', { cseq: 1, sameBranch: true }),
          step.expect(200, { header: 'CSeq: 1 CANCEL' }),
          step.request('ACK', { cseq: 1, inDialog: true }),
          step.request('BYE', { cseq: 2, inDialog: true }),
          step.expect(200),
        ],
        { remotePort: port },
      );
      await succeeds(run);
      assert.deepEqual(ends, [{ cause: 'remote' }]);
    });
  });

  it('threat 20: a BYE before the ACK ends the call', async () => {
    await withStack({}, async (stack, port) => {
      const ends: CallEnd[] = [];
      answerAll(stack, ends);
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
          step.expect(100, { optional: true }),
          step.expect(180),
          step.expect(200),
          step.request('BYE', { cseq: 2, inDialog: true }),
          step.expect(200, { header: 'CSeq: 2 BYE' }),
        ],
        { remotePort: port },
      );
      await succeeds(run);
      assert.deepEqual(ends, [{ cause: 'remote' }]);
    });
  });

  it('threat 20: a BYE while it rings ends the INVITE with 487', async () => {
    await withStack({}, async (stack, port) => {
      stack.on('invite', (call) => call.ring());
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
          step.expect(100, { optional: true }),
          step.expect(180),
          step.request('BYE', { cseq: 2, inDialog: true, retransmit: false }),
          step.expect(200, { header: 'CSeq: 2 BYE' }),
          step.expect(487, { header: 'CSeq: 1 INVITE' }),
        ],
        { remotePort: port },
      );
      await succeeds(run);
    });
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`threat 20: without an ACK, the 200 is retransmitted, over ${protocol} too, then a BYE is sent`, async () => {
      await withStack({ timers: FAST }, async (stack) => {
        const ends: CallEnd[] = [];
        answerAll(stack, ends);
        const run = await runSipp(
          [
            step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
            step.expect(100, { optional: true }),
            step.expect(180),
            step.expect(200),
            step.expectRequest('BYE'),
            step.response('200 OK'),
          ],
          {
            remotePort: portOf(stack, protocol),
            tcp: protocol === 'tcp',
            args: ['-default_behaviors', 'none', '-max_invite_retrans', '0'],
          },
        );
        await succeeds(run);
        assert.equal(ends[0]?.cause, 'no-ack');
      });
    });
  }

  it('if the caller made no offer, the 200 contains ours and the ACK its answer', async () => {
    await withStack({}, async (stack, port) => {
      let remote: string | undefined;
      answerAll(stack);
      stack.on('invite', (call) => {
        call.on('answer', (sdp) => {
          remote = sdp;
        });
      });
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1 }),
          step.expect(100, { optional: true }),
          step.expect(180),
          step.expect(200, { body: 'm=audio 7000' }),
          step.request('ACK', { cseq: 1, inDialog: true, sdp: step.sdp('') }),
          step.pause(100),
          step.request('BYE', { cseq: 2, inDialog: true }),
          step.expect(200),
        ],
        { remotePort: port },
      );
      await succeeds(run);
      assert.match(remote ?? '', /m=audio 6000/);
    });
  });

  it('if the caller requires it, early media is sent in a reliable 183, which waits for its PRACK', async () => {
    await withStack({}, async (stack, port) => {
      stack.on('invite', (call) => {
        const { sdp } = new SdpSession().answer(call.offer ?? '', LOCAL);
        call.progress(183, sdp);
        call.accept(sdp);
      });
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp(''), headers: ['Require: 100rel'] }),
          step.expect(100, { optional: true }),
          '<recv response="183" rrs="true"><action><ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/><ereg regexp="100rel" search_in="hdr" header="Require:" check_it="true" assign_to="v0"/></action></recv>',
          step.request('PRACK', { cseq: 2, inDialog: true, headers: ['RAck: [$rseq] 1 INVITE'] }),
          step.expect(200, { header: 'CSeq: 2 PRACK' }),
          step.expect(200, { header: 'CSeq: 1 INVITE' }),
          step.request('ACK', { cseq: 1, inDialog: true }),
          step.request('BYE', { cseq: 3, inDialog: true }),
          step.expect(200),
        ],
        { remotePort: port },
      );
      await succeeds(run);
    });
  });

  it('unknown extensions, methods, bodies, dialogs and schemes are refused as RFC 3261 §8.2 requires', async () => {
    await withStack({}, async (stack, port) => {
      answerAll(stack);
      const run = await runSipp(
        [
          step.request('INVITE', { cseq: 1, sdp: step.sdp(''), headers: ['Require: nothingSupportsThis'] }),
          step.expect(420, { header: 'Unsupported: nothingSupportsThis' }),
          step.ackFailure(1),
          step.request('INVITE', { cseq: 2, body: '<x/>', type: 'application/xml' }),
          step.expect(415, { header: 'Accept: application/sdp' }),
          step.ackFailure(2),
          step.request('INVITE', {
            cseq: 3,
            sdp: step.sdp(''),
            uri: 'nobodyKnowsThisScheme:totallyopaquecontent',
          }),
          step.expect(416),
          step.ackFailure(3),
          step.request('MESSAGE', { cseq: 4, body: 'hello', type: 'text/plain' }),
          step.expect(405, { header: 'Allow: INVITE' }),
          step.request('NEWMETHOD', { cseq: 5 }),
          step.expect(501),
          step.request('BYE', { cseq: 6, inDialog: true, uri: 'sip:[service]@[remote_ip]:[remote_port]' }),
          step.expect(481),
          step.request('OPTIONS', { cseq: 7, headers: [] }),
          step.expect(200, { header: 'Accept: application/sdp' }),
        ],
        { remotePort: port },
      );
      await succeeds(run);
    });
  });

  it('a phone registers by digest, queries its bindings, and unregisters', async () => {
    await withStack({ users }, async (stack, port) => {
      const changes: number[] = [];
      stack.on('registration', ({ bindings }) => changes.push(bindings));
      const aor = (xml: string) => xml.replaceAll('To: <sip:[service]@', 'To: <sip:sipp@');
      const run = await runSipp(
        [
          aor(step.request('REGISTER', { cseq: 1 })),
          step.expect(401, { auth: true }),
          aor(step.request('REGISTER', { cseq: 2, headers: [AUTH, 'Expires: 60'] })),
          step.expect(200, { header: 'Contact: .*expires=60' }),
          aor(step.request('REGISTER', { cseq: 3, headers: ['Expires: 10'] })),
          step.expect(401, { auth: true }),
          aor(step.request('REGISTER', { cseq: 4, headers: [AUTH, 'Expires: 10'] })),
          step.expect(423, { header: 'Min-Expires: 60' }),
          aor(step.request('REGISTER', { cseq: 5, headers: ['Expires: 0'] })),
          step.expect(401, { auth: true }),
          aor(step.request('REGISTER', { cseq: 6, headers: [AUTH, 'Expires: 0'] })),
          step.expect(200),
        ],
        { remotePort: port },
      );
      await succeeds(run);
      assert.deepEqual(changes, [1, 0]);
      assert.deepEqual(stack.registrar.users(), []);
    });
  });

  it('every call succeeds with 10 % packet loss', async () => {
    // Long enough that sipp repeats no BYE after the stack has forgotten the first.
    await withStack(
      { callsPerSecond: 1000, timers: { t1: 250, t2: 4000, t4: 5000 } },
      async (stack, port) => {
        answerAll(stack);
        const run = await runSipp(
          [
            step.request('INVITE', { cseq: 1, sdp: step.sdp('') }),
            step.expect(100, { optional: true }),
            step.expect(180, { optional: true }),
            step.expect(200),
            step.request('ACK', { cseq: 1, inDialog: true }),
            step.pause(50),
            step.request('BYE', { cseq: 2, inDialog: true }),
            step.expect(200),
          ],
          { remotePort: port, calls: 60, args: ['-r', '60', '-lost', '10', '-max_retrans', '10'] },
        );
        await succeeds(run);
        await Promise.all(stack.calls.map(ended));
      },
    );
  });
});

describe('calls to sipp', { skip: hasSipp ? false : 'sipp is not installed' }, () => {
  let stack: SipStack;

  before(async () => {
    stack = await SipStack.create({
      listen: [
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
        { protocol: 'tcp', address: '127.0.0.1', port: 0 },
      ],
      timers: FAST,
      random: () => 0,
    });
  });

  after(async () => {
    await stack.close();
    assert.deepEqual(stack.counts, { calls: 0, dialogs: 0, transactions: 0, connections: 0 });
  });

  const offer = () => new SdpSession().offer(LOCAL);

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`a callee rings, answers, is put on hold, and gets our BYE, over ${protocol}`, async () => {
      const run = await runSipp(
        [
          step.expectRequest('INVITE', { body: 'm=audio 7000' }),
          step.response('180 Ringing', { tag: 'a1' }),
          step.response('200 OK', { tag: 'a1', sdp: step.sdp(''), retransmit: true }),
          step.expectRequest('ACK'),
          step.expectRequest('INVITE', { body: 'a=sendonly' }),
          step.response('200 OK', { sdp: step.sdp('recvonly'), retransmit: true }),
          step.expectRequest('ACK'),
          step.expectRequest('BYE'),
          step.response('200 OK'),
        ],
        { tcp: protocol === 'tcp' },
      );
      const call = await stack.invite(
        { uri: `sip:bob@127.0.0.1:${run.port};transport=${protocol}` },
        { sdp: offer() },
      );
      const ringing = once(call, 'progress');
      await once(call, 'answered');
      assert.equal((await ringing)[0].status, 180);
      assert.match(call.remoteSdp ?? '', /m=audio 6000/);
      const answer = await call.reinvite(new SdpSession().offer({ ...LOCAL, direction: 'sendonly' }));
      assert.match(answer, /a=recvonly/);
      await call.hangUp();
      await succeeds(run);
    });
  }

  it('threat 20: a re-INVITE is retried after 491 (glare)', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('200 OK', { tag: 'a1', sdp: step.sdp(''), retransmit: true }),
      step.expectRequest('ACK'),
      step.expectRequest('INVITE'),
      step.response('491 Request Pending'),
      step.expectRequest('ACK'),
      step.expectRequest('INVITE'),
      step.response('200 OK', { sdp: step.sdp(''), retransmit: true }),
      step.expectRequest('ACK'),
      step.expectRequest('BYE'),
      step.response('200 OK'),
    ]);
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    await once(call, 'answered');
    assert.match(await call.reinvite(offer()), /m=audio/);
    await call.hangUp();
    await succeeds(run);
  });

  it('an outgoing call is cancelled once it rings', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('180 Ringing', { tag: 'a1' }),
      step.expectRequest('CANCEL'),
      step.response('200 OK'),
      step.inviteResponse('487 Request Terminated', { tag: 'a1' }),
      step.expectRequest('ACK'),
    ]);
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    await once(call, 'progress');
    const end = ended(call);
    await call.hangUp();
    assert.deepEqual(await end, { cause: 'local' });
    await succeeds(run);
  });

  it('threat 20: a 200 that crosses our CANCEL is acknowledged and ended by BYE', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('180 Ringing', { tag: 'a1' }),
      step.expectRequest('CANCEL'),
      step.response('200 OK'),
      step.inviteResponse('200 OK', { tag: 'a1', sdp: step.sdp('') }),
      step.expectRequest('ACK'),
      step.expectRequest('BYE'),
      step.response('200 OK'),
    ]);
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    await once(call, 'progress');
    await call.hangUp();
    await succeeds(run);
  });

  it('threat 20: of two forks, the first answer is accepted, and the other acknowledged and ended', async () => {
    const run = await runSipp(
      [
        step.expectRequest('INVITE'),
        step.response('180 Ringing', { tag: 'a1' }),
        step.response('180 Ringing', { tag: 'b2' }),
        step.response('200 OK', { tag: 'b2', sdp: step.sdp('') }),
        step.expectRequest('ACK', { header: 'To: .*tag=b2' }),
        step.inviteResponse('200 OK', { tag: 'a1', sdp: step.sdp('') }),
        step.expectRequest('ACK', { header: 'To: .*tag=a1' }),
        step.expectRequest('BYE', { header: 'To: .*tag=a1' }),
        step.response('200 OK'),
        step.expectRequest('BYE', { header: 'To: .*tag=b2' }),
        step.response('200 OK'),
      ],
      { args: ['-default_behaviors', 'none'] },
    );
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    await once(call, 'answered');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await call.hangUp();
    await succeeds(run);
  });

  it('an offer in the 200 is answered in the ACK', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('200 OK', { tag: 'a1', sdp: step.sdp(''), retransmit: true }),
      step.expectRequest('ACK', { body: 'm=audio 7000 RTP/AVP 0 101' }),
      step.expectRequest('BYE'),
      step.response('200 OK'),
    ]);
    const call = await stack.invite(
      { uri: `sip:bob@127.0.0.1:${run.port}` },
      { answer: (sdp) => new SdpSession().answer(sdp, LOCAL).sdp },
    );
    await once(call, 'answered');
    await call.hangUp();
    await succeeds(run);
  });

  it('a reliable 183 with early media is acknowledged by PRACK', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE', { header: 'Supported: 100rel' }),
      step.response('183 Session Progress', {
        tag: 'a1',
        sdp: step.sdp(''),
        headers: ['Require: 100rel', 'RSeq: 77'],
      }),
      step.expectRequest('PRACK', { header: 'RAck: 77 1 INVITE' }),
      step.response('200 OK'),
      step.inviteResponse('200 OK', { tag: 'a1', sdp: step.sdp('') }),
      step.expectRequest('ACK'),
      step.expectRequest('BYE'),
      step.response('200 OK'),
    ]);
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    const [progress] = await once(call, 'progress');
    assert.match(progress.sdp, /m=audio 6000/);
    if (call.state !== 'answered') {
      await once(call, 'answered');
    }
    await call.hangUp();
    await succeeds(run);
  });

  it('a busy callee refuses', async () => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('486 Busy Here', { tag: 'a1', retransmit: true }),
      step.expectRequest('ACK'),
    ]);
    const call = await stack.invite({ uri: `sip:bob@127.0.0.1:${run.port}` }, { sdp: offer() });
    assert.deepEqual(await ended(call), { cause: 'refused', status: 486, reason: 'Busy Here' });
    await succeeds(run);
  });

  it('a call without any response ends after 64·T1', async () => {
    const call = await stack.invite({ uri: 'sip:bob@127.0.0.1:9' }, { sdp: offer() });
    assert.deepEqual(await ended(call), { cause: 'timeout', status: 408, reason: 'Request Timeout' });
  });

  it('a call whose connection is refused ends with 503', async () => {
    const call = await stack.invite({ uri: 'sip:bob@127.0.0.1:9;transport=tcp' }, { sdp: offer() });
    assert.equal((await ended(call)).cause, 'transport');
  });
});

describe('trunks with sipp', { skip: hasSipp ? false : 'sipp is not installed' }, () => {
  const challenge = (realm: string) =>
    `WWW-Authenticate: Digest realm="${realm}", nonce="47ebe028cda119c35d4877b383027d28da013815", algorithm=MD5, qop="auth"`;

  const callThrough = async (realm: string, steps: string[], check: (call: Call) => Promise<void>) => {
    const run = await runSipp([
      step.expectRequest('INVITE'),
      step.response('401 Unauthorized', { tag: 'a1', headers: [challenge(realm)] }),
      step.expectRequest('ACK'),
      ...steps,
    ]);
    const stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      trunks: [
        {
          id: 'pbx',
          uri: `sip:127.0.0.1:${run.port}`,
          credentials: { username: 'alice', password: 'secret', realm: 'pbx.test' },
        },
      ],
    });
    try {
      const call = await stack.invite(
        { trunk: 'pbx', number: '+15550100' },
        { sdp: new SdpSession().offer(LOCAL) },
      );
      await check(call);
      await succeeds(run);
    } finally {
      await stack.close();
    }
  };

  it('a call through a trunk answers its challenge', async () => {
    const steps = [
      '<recv request="INVITE"><action><verifyauth assign_to="ok" username="alice" password="secret"/></action></recv>',
      '<nop test="ok" next="good"/>',
      step.response('403 Forbidden', { tag: 'a2' }),
      '<recv request="ACK" next="end"/>',
      '<label id="good"/>',
      step.response('200 OK', { tag: 'a2', sdp: step.sdp(''), retransmit: true }),
      step.expectRequest('ACK'),
      step.expectRequest('BYE'),
      step.response('200 OK'),
      '<label id="end"/>',
    ];
    await callThrough('pbx.test', steps, async (call) => {
      await once(call, 'answered');
      await call.hangUp();
    });
  });

  it('threat 18: a challenge for another realm than the configured one is never answered', async () => {
    await callThrough('evil.test', [], async (call) => {
      const end = await ended(call);
      assert.equal(end.cause, 'refused');
      assert.equal(end.status, 401);
    });
  });
});
