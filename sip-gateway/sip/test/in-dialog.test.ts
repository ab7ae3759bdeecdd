import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type CallEnd, type IncomingCall, SdpSession, SipStack } from '../index.ts';
import { FakeClock } from '../transaction/index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };

describe('inside the dialog of an incoming call', () => {
  let stack: SipStack;
  let phone: RawPhone;
  let clock: FakeClock;
  let calls: IncomingCall[];
  let ends: CallEnd[];

  beforeEach(async () => {
    clock = new FakeClock();
    calls = [];
    ends = [];
    stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      anonymousCalls: true,
      clock,
    });
    phone = await RawPhone.udp(stack.bound[0]?.local.port ?? 0);
    stack.on('invite', (call) => {
      const session = new SdpSession();
      calls.push(call);
      call.on('end', (end) => ends.push(end));
      call.on('offer', (offer) => {
        if (offer.sdp === undefined) {
          offer.accept(session.offer(LOCAL));
        } else {
          offer.accept(session.answer(offer.sdp, LOCAL).sdp);
        }
      });
      call.ring();
      call.accept(call.offer === undefined ? session.offer(LOCAL) : session.answer(call.offer, LOCAL).sdp);
    });
  });
  afterEach(async () => {
    await stack.close(0);
    phone.close();
  });

  /** An established call. */
  async function stand(headers: string[] = []) {
    const dialog = phone.invite({ sdp: phoneSdp(), headers });
    const ok = await phone.response(200, 'INVITE');
    const to = ok.headers.get('to');
    phone.within(dialog, to, 'ACK');
    const [call] = calls;
    assert.ok(call);
    if (call.listenerCount('confirmed') === 0) {
      await once(call, 'confirmed');
    }
    return { call, dialog, to, ok };
  }

  async function hangUp(dialog: Parameters<RawPhone['within']>[0], to: string | undefined) {
    phone.within(dialog, to, 'BYE');
    await phone.response(200, 'BYE');
    assert.equal(stack.counts.calls, 0);
  }

  for (const [what, sdp] of [
    ['with an offer', phoneSdp()],
    ['without one', undefined],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      for (const tag of ['100rel', '100REL']) {
        it(`an INVITE ${what} that requires ${tag} succeeds if the PRACK arrives after the 200 and ${when} the ACK`, async () => {
          const dialog = phone.invite({ headers: [`Require: ${tag}`], ...(sdp !== undefined && { sdp }) });
          const ringing = await phone.response(180);
          const ok = await phone.response(200, 'INVITE');
          const to = ok.headers.get('to');
          const acknowledge = () =>
            phone.within(dialog, to, 'ACK', {
              sequence: ok.cseq.number,
              ...(sdp === undefined && { sdp: phoneSdp() }),
            });
          if (when === 'after') {
            acknowledge();
          }
          const rack = `RAck: ${ringing.headers.get('rseq')} ${ok.cseq.number} INVITE`;
          phone.within(dialog, to, 'PRACK', { headers: [rack] });
          await phone.response(200, 'PRACK');
          if (when === 'before') {
            acknowledge();
          }
          await hangUp(dialog, to);
        });
      }
    }
  }

  it('a PRACK after the 200 may carry an offer, which is answered in its 200 (RFC 3262 §5)', async () => {
    const dialog = phone.invite({ headers: ['Require: 100rel'], sdp: phoneSdp() });
    const ringing = await phone.response(180);
    const ok = await phone.response(200, 'INVITE');
    const to = ok.headers.get('to');
    const rack = `RAck: ${ringing.headers.get('rseq')} ${ok.cseq.number} INVITE`;
    phone.within(dialog, to, 'PRACK', { headers: [rack], sdp: phoneSdp() });
    assert.match((await phone.response(200, 'PRACK')).body.toString(), /m=audio 7000/);
    phone.within(dialog, to, 'PRACK', { headers: [rack] });
    await phone.response(481, 'PRACK');
    await hangUp(dialog, to);
  });

  it('a PRACK that arrives after the call was refused is still answered', async () => {
    stack.removeAllListeners('invite');
    stack.once('invite', (call) => {
      call.ring();
      call.reject(486);
    });
    const dialog = phone.invite({ headers: ['Require: 100rel'], sdp: phoneSdp() });
    const ringing = await phone.response(180);
    const busy = await phone.response(486);
    phone.ackRefusal(dialog, busy);
    const to = busy.headers.get('to');
    const rack = `RAck: ${ringing.headers.get('rseq')} ${busy.cseq.number} INVITE`;
    phone.within(dialog, to, 'PRACK', { headers: [rack] });
    await phone.response(200, 'PRACK');
    assert.equal(stack.counts.dialogs, 0);
  });

  it('a request that requires an unknown extension gets 420, and the call continues until the BYE', async () => {
    const { dialog, to } = await stand();
    const headers = ['Require: foo, TIMER'];
    phone.within(dialog, to, 'INVITE', { headers, sdp: phoneSdp() });
    const refusal = await phone.response(420, 'INVITE');
    assert.equal(refusal.headers.get('unsupported'), 'foo');
    phone.ackRefusal(dialog, refusal);
    for (const method of ['UPDATE', 'INFO', 'OPTIONS']) {
      phone.within(dialog, to, method, { headers });
      await phone.response(420, method);
    }
    await hangUp(dialog, to);
  });

  it('an unacceptable offer in a call is refused with a Warning that states the reason', async () => {
    const { dialog, to } = await stand();
    const sdp = phoneSdp('m=audio 40000 RTP/SAVP 0\r\n');
    phone.within(dialog, to, 'INVITE', { sdp });
    const refusal = await phone.response(488, 'INVITE');
    assert.match(refusal.headers.get('warning') ?? '', /^302 /);
    phone.ackRefusal(dialog, refusal);
    phone.within(dialog, to, 'UPDATE', { sdp });
    assert.match((await phone.response(488, 'UPDATE')).headers.get('warning') ?? '', /^302 /);
    await hangUp(dialog, to);
  });

  for (const [what, media] of [
    ['alone', 'm=audio 0 RTP/AVP 0\r\n'],
    ['beside a picture', 'm=audio 0 RTP/AVP 0\r\nm=image 6002 udptl t38\r\n'],
  ] as const) {
    it(`audio that is removed from the session (${what}) is answered with port 0, and can be restored`, async () => {
      const { dialog, to } = await stand();
      phone.within(dialog, to, 'INVITE', { sdp: phoneSdp(media) });
      const removed = await phone.response(200, 'INVITE');
      assert.match(removed.body.toString(), /m=audio 0 RTP\/AVP 0/);
      assert.doesNotMatch(removed.body.toString(), /m=\w+ [1-9]/);
      phone.within(dialog, to, 'ACK');
      phone.within(dialog, to, 'INVITE', { sdp: phoneSdp(media.replace('audio 0', 'audio 40000')) });
      assert.match((await phone.response(200, 'INVITE')).body.toString(), /m=audio 7000/);
      phone.within(dialog, to, 'ACK');
      await hangUp(dialog, to);
    });
  }

  it('the end of a call has the reason that the peer gives in its BYE', async () => {
    const reason = 'Q.850;cause=16;text="Normal call clearing"';
    const { dialog, to } = await stand();
    phone.within(dialog, to, 'BYE', { headers: [`Reason: ${reason}`, 'Reason: SIP;cause=200'] });
    await phone.response(200, 'BYE');
    assert.deepEqual(ends, [{ cause: 'remote', peerReason: `${reason}, SIP;cause=200` }]);
  });

  it('a BYE with the sequence number of the INVITE ends the call; a lower one is refused', async () => {
    const { dialog, to, ok } = await stand();
    phone.within(dialog, to, 'BYE', { sequence: ok.cseq.number - 1 });
    await phone.response(500, 'BYE');
    phone.within(dialog, to, 'BYE', { sequence: ok.cseq.number });
    await phone.response(200, 'BYE');
    assert.deepEqual(ends, [{ cause: 'remote' }]);
  });

  for (const [what, contact] of [
    ['a private Contact', '<sip:+4930111@192.168.77.10:5060>'],
    ['a Contact of no host that exists', '<sip:+4930111@phone.invalid>'],
    ['a Contact of an address that means this machine itself', '<sip:+4930111@0.0.0.0:5060>'],
  ] as const) {
    for (const [via, sentBy] of [
      ['its own address', undefined],
      ['a host name', 'pbx.example:5060'],
      ['a private address', '192.168.77.10:5060'],
    ] as const) {
      it(`a caller with ${what} and ${via} in the Via gets our BYE at the source of its INVITE`, async () => {
        const dialog = phone.invite({ contact, sdp: phoneSdp(), ...(sentBy !== undefined && { sentBy }) });
        const ok = await phone.response(200, 'INVITE');
        const [call] = calls;
        assert.ok(call);
        const confirmed = once(call, 'confirmed');
        phone.within(dialog, ok.headers.get('to'), 'ACK');
        await confirmed;
        const hungUp = call.hangUp();
        phone.answer(await phone.request('BYE'), '200 OK');
        await hungUp;
      });
    }
  }

  it('our Contact has the dialled user, so that a call to it reaches the same destination', async () => {
    const dialog = phone.invite({ dialled: '100%23', sdp: phoneSdp() });
    const ok = await phone.response(200, 'INVITE');
    assert.match(ok.headers.get('contact') ?? '', /^<sip:100%23@127\.0\.0\.1:/);
    phone.within(dialog, ok.headers.get('to'), 'ACK');
    await hangUp(dialog, ok.headers.get('to'));
  });

  describe('session timers (RFC 4028)', () => {
    const SUPPORTED = 'Supported: timer';

    for (const [asked, answer, requires] of [
      [['Require: timer', SUPPORTED, 'Session-Expires: 1800;refresher=uac'], '1800;refresher=uac', true],
      [[SUPPORTED, 'x: 600;Refresher=UAS'], '600;refresher=uas', false],
      [[SUPPORTED, 'Session-Expires: 3600', 'Min-SE: 2000'], '2000;refresher=uas', false],
      [[SUPPORTED], '1800;refresher=uas', false],
      [['Session-Expires: 1200'], '1200;refresher=uas', false],
      [[], undefined, false],
    ] as const) {
      it(`an INVITE with “${asked.join(', ')}” is answered with ${answer ?? 'no Session-Expires'}`, async () => {
        const { dialog, to, ok } = await stand([...asked]);
        assert.equal(ok.headers.get('session-expires'), answer);
        assert.equal(ok.headers.tokens('require').includes('timer'), requires);
        assert.ok(ok.headers.tokens('supported').includes('timer'));
        await hangUp(dialog, to);
      });
    }

    it('a session that is too short is refused with 422, before the call and in it', async () => {
      const short = [SUPPORTED, 'Session-Expires: 60'];
      const refused = phone.invite({ sdp: phoneSdp(), headers: short });
      const refusal = await phone.response(422, 'INVITE');
      assert.equal(refusal.headers.get('min-se'), '90');
      phone.ackRefusal(refused, refusal);
      const { dialog, to } = await stand();
      for (const method of ['INVITE', 'UPDATE']) {
        phone.within(dialog, to, method, { headers: short, sdp: phoneSdp() });
        const again = await phone.response(422, method);
        if (method === 'INVITE') {
          phone.ackRefusal(dialog, again);
        }
      }
      await hangUp(dialog, to);
    });

    it('a session that the phone refreshes continues, and is ended by BYE once refreshes stop', async () => {
      const terms = [SUPPORTED, 'Session-Expires: 300;refresher=uac'];
      const { dialog, to } = await stand(terms);
      clock.advance(200_000);
      phone.within(dialog, to, 'UPDATE', { headers: terms });
      assert.equal((await phone.response(200, 'UPDATE')).headers.get('session-expires'), '300;refresher=uac');
      clock.advance(200_000);
      phone.within(dialog, to, 'INVITE', { headers: terms, sdp: phoneSdp() });
      await phone.response(200, 'INVITE');
      phone.within(dialog, to, 'ACK');
      phone.within(dialog, to, 'OPTIONS');
      await phone.response(200, 'OPTIONS');
      assert.deepEqual(ends, []);
      clock.advance(269_000);
      phone.answer(await phone.request('BYE'), '200 OK');
      assert.deepEqual(
        ends.map(({ cause }) => cause),
        ['timeout'],
      );
    });

    for (const [method, allow] of [
      ['UPDATE', ['Allow: INVITE, ACK, BYE, UPDATE']],
      ['INVITE', []],
    ] as const) {
      it(`we refresh a session by ${method}, and end it by BYE if the phone no longer knows it`, async () => {
        const { call } = await stand([SUPPORTED, 'Session-Expires: 300;refresher=uas', ...allow]);
        for (let round = 0; round < 3; round++) {
          clock.advance(150_000);
          const refresh = await phone.request(method);
          assert.equal(refresh.headers.get('session-expires'), '300;refresher=uac');
          phone.answer(refresh, '200 OK', {
            headers: ['Session-Expires: 300;refresher=uac', 'Require: timer'],
            ...(method === 'INVITE' && { sdp: phoneSdp() }),
          });
          if (method === 'INVITE') {
            await phone.request('ACK');
          }
          // Once another request gets through, the answer has been processed.
          const informed = call.info('text/plain', Buffer.from('x'));
          phone.answer(await phone.request('INFO'), '200 OK');
          await informed;
        }
        clock.advance(150_000);
        phone.answer(await phone.request(method), '481 Call/Transaction Does Not Exist');
        await phone.request('BYE');
        assert.deepEqual(
          ends.map(({ cause }) => cause),
          ['timeout'],
        );
      });
    }

    it('a refresh that fails temporarily is retried, by INVITE if UPDATE is not supported', async () => {
      await stand([SUPPORTED, 'Session-Expires: 300;refresher=uas', 'Allow: INVITE, UPDATE']);
      clock.advance(150_000);
      phone.answer(await phone.request('UPDATE'), '405 Method Not Allowed');
      phone.answer(await phone.request('INVITE'), '500 Server Internal Error');
      await phone.request('ACK');
      clock.advance(5000);
      phone.answer(await phone.request('INVITE'), '422 Session Interval Too Small', {
        headers: ['Min-SE: 400'],
      });
      await phone.request('ACK');
      clock.advance(5000);
      const longer = await phone.request('INVITE');
      assert.equal(longer.headers.get('session-expires'), '400;refresher=uac');
    });
  });

  it('an outgoing call is refreshed at the callee’s interval, but at most every 45 s', async () => {
    const placed = await stack.invite(
      { uri: `sip:bob@127.0.0.1:${phone.port}` },
      { sdp: new SdpSession().offer(LOCAL) },
    );
    const answered = once(placed, 'answered');
    const headers = ['Session-Expires: 1;refresher=uac', 'Require: timer', 'Allow: UPDATE'];
    phone.answer(await phone.request('INVITE'), '200 OK', { tag: 'a', headers, sdp: phoneSdp() });
    await phone.request('ACK');
    await answered;
    clock.advance(44_000);
    assert.equal(phone.count('UPDATE'), 0);
    clock.advance(1000);
    const refresh = await phone.request('UPDATE');
    assert.equal(refresh.headers.get('session-expires'), '90;refresher=uac');
    const end = once(placed, 'end');
    phone.answer(refresh, '481 Call/Transaction Does Not Exist');
    await phone.request('BYE');
    assert.equal((await end)[0].cause, 'timeout');
  });

  it('a phone that resumes and holds again during a ping is still pinged once per minute, and no more once it has resumed', async () => {
    const { call } = await stand();
    call.watch(true);
    clock.advance(60_000);
    const ping = await phone.request('OPTIONS');
    call.watch(false);
    call.watch(true);
    phone.answer(ping, '200 OK');
    // Once this request is answered, the previous answer has been read.
    const informed = call.info('text/plain', Buffer.from('x'));
    phone.answer(await phone.request('INFO'), '200 OK');
    await informed;
    clock.advance(60_000);
    phone.answer(await phone.request('OPTIONS'), '200 OK');
    const again = call.info('text/plain', Buffer.from('x'));
    phone.answer(await phone.request('INFO'), '200 OK');
    await again;
    call.watch(false);
    clock.advance(120_000);
    const last = call.info('text/plain', Buffer.from('x'));
    phone.answer(await phone.request('INFO'), '200 OK');
    await last;
    assert.equal(phone.count('OPTIONS'), 2);
  });

  it('a watched phone is pinged every minute, and its call ended if it is gone', async () => {
    const { call } = await stand();
    call.watch(true);
    clock.advance(60_000);
    const ping = await phone.request('OPTIONS');
    phone.answer(ping, '405 Method Not Allowed');
    const informed = call.info('text/plain', Buffer.from('x'));
    phone.answer(await phone.request('INFO'), '200 OK');
    await informed;
    call.watch(false);
    clock.advance(600_000);
    call.watch(true);
    clock.advance(60_000);
    await phone.request('OPTIONS');
    assert.deepEqual(ends, []);
    clock.advance(32_000);
    await phone.request('BYE');
    assert.deepEqual(
      ends.map(({ cause }) => cause),
      ['timeout'],
    );
  });
});
