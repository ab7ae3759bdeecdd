import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type CallEnd, type IncomingCall, type ReferRequest, SdpSession, SipStack } from '../index.ts';
import type { SipRequest } from '../message/index.ts';
import { FakeClock } from '../transaction/index.ts';
import { phoneSdp, type RawDialog, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
const USERS = ['1001', '1002'];

describe('transfers', () => {
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
      users: {
        realm: 'canopy.test',
        lookup: (name) => (USERS.includes(name) ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
      clock,
    });
    phone = await RawPhone.udp(stack.bound[0]?.local.port ?? 0);
    stack.on('invite', (call) => {
      const session = new SdpSession();
      calls.push(call);
      call.on('end', (end) => ends.push(end));
      call.on('offer', (offer) => offer.accept(session.answer(offer.sdp ?? '', LOCAL).sdp));
      call.ring();
      call.accept(session.answer(call.offer ?? '', LOCAL).sdp);
      if (call.replaced) {
        void call.replaced.hangUp();
      }
    });
  });
  afterEach(async () => {
    await stack.close(0);
    phone.close();
  });

  /** A phone's established call. */
  async function stand(username = '1001') {
    const dialog = await phone.inviteAs(username, { sdp: phoneSdp() });
    const ok = await phone.response(200, 'INVITE');
    const to = ok.headers.get('to');
    phone.within(dialog, to, 'ACK');
    const call = calls.at(-1);
    assert.ok(call);
    await once(call, 'confirmed');
    return { call, dialog, to };
  }

  const refer = (dialog: RawDialog, to: string | undefined, ...headers: string[]) =>
    phone.within(dialog, to, 'REFER', { headers });

  /** The next NOTIFY, answered. */
  async function notified(answer = '200 OK'): Promise<[status: string, subscription: string, event: string]> {
    const notify = await phone.request('NOTIFY');
    phone.answer(notify, answer);
    return read(notify);
  }

  function read({ headers, body }: SipRequest): [string, string, string] {
    assert.equal(headers.get('content-type'), 'message/sipfrag;version=2.0');
    assert.ok(headers.has('contact'));
    return [body.toString(), headers.get('subscription-state') ?? '', headers.get('event') ?? ''];
  }

  /** Afterwards the stack has read what the phone sent before. */
  async function roundTrip(call: IncomingCall): Promise<void> {
    const informed = call.info('text/plain', Buffer.from('x'));
    phone.answer(await phone.request('INFO'), '200 OK');
    await informed;
  }

  const asked = async (call: IncomingCall) => ((await once(call, 'refer')) as [ReferRequest])[0];

  it('a phone is notified how the call that it asked for gets on, each status once and in order', async () => {
    const { call, dialog, to } = await stand();
    const request = asked(call);
    refer(dialog, to, 'Refer-To: "Bob" <sip:1002@elsewhere.example;user=phone>', 'Referred-By: <sip:1001@x>');
    const { content, accept } = await request.then((each) => ({
      content: each.content,
      accept: () => each.accept(),
    }));
    assert.equal('user' in content.target && content.target.user, '1002');
    assert.equal(content.replaces, undefined);
    const notifier = accept();
    const accepted = await phone.response(202, 'REFER');
    assert.equal(accepted.headers.has('refer-sub'), false);
    assert.deepEqual(await notified(), ['SIP/2.0 100 Trying\r\n', 'active;expires=180', 'refer']);
    await roundTrip(call);
    clock.advance(30_000);
    notifier.progress(180, 'Ringing');
    notifier.progress(180, 'Ringing');
    assert.deepEqual(await notified(), ['SIP/2.0 180 Ringing\r\n', 'active;expires=150', 'refer']);
    const finished = notifier.finish(486, 'Busy\r\nHere: π');
    assert.deepEqual(await notified(), [
      'SIP/2.0 486 Busy  Here:  \r\n',
      'terminated;reason=noresource',
      'refer',
    ]);
    await finished;
    notifier.progress(180, 'Ringing');
    await notifier.finish(200, 'OK');
    const again = asked(call);
    refer(dialog, to, 'Refer-To: <tel:+1-555-0100>');
    void (await again).accept().finish(200, 'OK');
    await phone.response(202, 'REFER');
    const event = `refer;id=${dialog.sequence}`;
    assert.deepEqual(await notified(), ['SIP/2.0 100 Trying\r\n', 'active;expires=180', event]);
    assert.deepEqual(await notified(), ['SIP/2.0 200 OK\r\n', 'terminated;reason=noresource', event]);
    assert.equal(phone.count('NOTIFY'), 5);
  });

  it('of statuses that come while a NOTIFY is on its way, only the latest is sent', async () => {
    const { call, dialog, to } = await stand();
    const request = asked(call);
    refer(dialog, to, 'Refer-To: <sip:1002@x>');
    const notifier = (await request).accept();
    const first = await phone.request('NOTIFY');
    notifier.progress(180, 'Ringing');
    notifier.progress(183, 'Session Progress');
    const finished = notifier.finish(200, 'OK');
    phone.answer(first, '200 OK');
    assert.equal((await notified())[0], 'SIP/2.0 200 OK\r\n');
    await finished;
    assert.equal(phone.count('NOTIFY'), 2);
  });

  for (const [what, answer] of [
    ['lost', undefined],
    ['refused with 481', '481 Subscription Does Not Exist'],
  ] as const) {
    it(`after a NOTIFY that is ${what}, no more are sent, and the call stays`, async () => {
      const { call, dialog, to } = await stand();
      const request = asked(call);
      refer(dialog, to, 'Refer-To: <sip:1002@x>');
      const notifier = (await request).accept();
      const first = await phone.request('NOTIFY');
      notifier.progress(180, 'Ringing');
      const finished = notifier.finish(200, 'OK');
      if (answer === undefined) {
        clock.advance(32_000);
      } else {
        phone.answer(first, answer);
      }
      await finished;
      phone.within(dialog, to, 'BYE');
      await phone.response(200, 'BYE');
      const sent = phone.received.filter((each) => each.kind === 'request' && each.method === 'NOTIFY');
      assert.equal(new Set(sent.map(({ cseq }) => cseq.number)).size, 1);
      assert.deepEqual(ends, [{ cause: 'remote' }]);
    });
  }

  it('a phone that hangs up as soon as its transfer is accepted is still notified (RFC 5057)', async () => {
    const { call, dialog, to } = await stand();
    const request = asked(call);
    refer(dialog, to, 'Refer-To: <sip:1002@x>');
    const notifier = (await request).accept();
    await phone.response(202, 'REFER');
    phone.within(dialog, to, 'BYE');
    await phone.response(200, 'BYE');
    await notified();
    void notifier.finish(200, 'OK');
    assert.equal((await notified())[0], 'SIP/2.0 200 OK\r\n');
    assert.equal(stack.counts.dialogs, 0);
  });

  for (const [header, confirmation] of [
    ['Refer-Sub: false', 'false'],
    ['Require: nosub', undefined],
  ] as const) {
    it(`${header}: there is no NOTIFY`, async () => {
      const { call, dialog, to } = await stand();
      const request = asked(call);
      refer(dialog, to, 'Refer-To: <sip:1002@x>', header, 'Supported: norefersub, nosub');
      const notifier = (await request).accept();
      const accepted = await phone.response(202, 'REFER');
      assert.equal(accepted.headers.get('refer-sub'), confirmation);
      await notifier.finish(200, 'OK');
      phone.within(dialog, to, 'BYE');
      await phone.response(200, 'BYE');
      assert.equal(phone.count('NOTIFY'), 0);
    });
  }

  /** Sends SUBSCRIBE about the phone's REFER. */
  const subscribe = (dialog: RawDialog, to: string | undefined, ...headers: string[]) =>
    phone.within(dialog, to, 'SUBSCRIBE', { headers });

  it('a phone refreshes its subscription to a transfer, and ends it (RFC 6665)', async () => {
    const { call, dialog, to } = await stand();
    const request = asked(call);
    refer(dialog, to, 'Refer-To: <sip:1002@x>');
    const notifier = (await request).accept();
    await notified();
    notifier.progress(180, 'Ringing');
    await notified();
    await roundTrip(call);
    clock.advance(100_000);
    for (const [expires, granted] of [
      ['60', '60'],
      ['999999', '180'],
    ] as const) {
      subscribe(dialog, to, 'Event: refer', `Expires: ${expires}`);
      const refreshed = await phone.response(200, 'SUBSCRIBE');
      assert.equal(refreshed.headers.get('expires'), granted);
      assert.deepEqual(await notified(), ['SIP/2.0 180 Ringing\r\n', `active;expires=${granted}`, 'refer']);
    }
    subscribe(dialog, to, 'Event: refer', 'Expires: 0');
    assert.equal((await phone.response(200, 'SUBSCRIBE')).headers.get('expires'), '0');
    assert.deepEqual(await notified(), ['SIP/2.0 180 Ringing\r\n', 'terminated;reason=timeout', 'refer']);
    // The transfer goes on, untold.
    await notifier.finish(200, 'OK');
    subscribe(dialog, to, 'Event: refer', 'Expires: 60');
    await phone.response(481, 'SUBSCRIBE');
    assert.equal(phone.count('NOTIFY'), 5);
  });

  it('threat 19: there are no other subscriptions', async () => {
    const { dialog, to } = await stand();
    for (const [headers, status] of [
      [['Event: presence'], 489],
      [[], 489],
      [['Event: refer;id=77'], 481],
      [['Event: refer'], 481],
    ] as const) {
      subscribe(dialog, to, ...headers);
      const refused = await phone.response(status, 'SUBSCRIBE');
      assert.equal(refused.headers.get('allow-events'), status === 489 ? 'refer' : undefined);
      phone.within(dialog, to, 'NOTIFY', { headers: [...headers, 'Subscription-State: active'] });
      await phone.response(status, 'NOTIFY');
    }
    const outside: RawDialog = { ...dialog, callId: 'stray' };
    phone.within(outside, '<sip:100@127.0.0.1>', 'SUBSCRIBE', { headers: ['Event: presence'] });
    await phone.response(489, 'SUBSCRIBE');
    phone.within(outside, '<sip:100@127.0.0.1>', 'NOTIFY', { headers: ['Event: refer'] });
    await phone.response(481, 'NOTIFY');
  });

  describe('of ours', () => {
    /** Notifies us, as the phone that we sent a REFER. */
    async function notify(
      { dialog, to }: { dialog: RawDialog; to: string | undefined },
      fragment: string,
      state: string,
      event = 'refer',
    ): Promise<void> {
      const headers = [`Event: ${event}`, `Subscription-State: ${state}`, 'Content-Type: message/sipfrag'];
      phone.within(dialog, to, 'NOTIFY', { headers, body: `${fragment}\r\n` });
      await phone.response(200, 'NOTIFY');
    }

    for (const [outcome, status] of [
      ['SIP/2.0 200 OK', 200],
      ['SIP/2.0 486 Busy Here', 486],
    ] as const) {
      it(`the phone is asked to call the target, and tells how that went: ${status}`, async () => {
        const standing = await stand();
        const { call } = standing;
        const transferred = call.refer('<sip:1002@127.0.0.1>');
        await assert.rejects(call.refer('<sip:1003@127.0.0.1>'), /cannot be transferred/);
        const request = await phone.request('REFER');
        assert.equal(request.headers.get('refer-to'), '<sip:1002@127.0.0.1>');
        assert.ok(request.headers.has('contact'));
        // The first NOTIFY may come before the answer.
        await notify(standing, 'SIP/2.0 100 Trying', 'active;expires=60');
        phone.answer(request, '202 Accepted');
        await notify(standing, 'SIP/2.0 180 Ringing', 'active;expires=50', `refer;id=${request.cseq.number}`);
        await notify(standing, outcome, 'terminated;reason=noresource');
        assert.deepEqual(await transferred, { status, reason: outcome.slice(12) });
        assert.equal(call.state, 'answered');
        phone.within(standing.dialog, standing.to, 'NOTIFY', { headers: ['Event: refer'] });
        await phone.response(481, 'NOTIFY');
      });
    }

    it('a phone that refuses, or does not tell, leaves the call as it is', async () => {
      const standing = await stand();
      const { call } = standing;
      const refused = call.refer('<sip:1002@x>');
      phone.answer(await phone.request('REFER'), '603 Decline');
      assert.deepEqual(await refused, { status: 603, reason: 'Decline' });
      const untold = call.refer('<sip:1002@x>');
      phone.answer(await phone.request('REFER'), '202 Accepted', { headers: ['Refer-Sub: false'] });
      assert.equal((await untold).status, 202);
      const broken = call.refer('<sip:1002@x>');
      phone.answer(await phone.request('REFER'), '202 Accepted');
      await notify(standing, 'SIP/2.0 100 Trying', 'terminated;reason=giveup');
      assert.equal((await broken).status, 408);
      const silent = call.refer('<sip:1002@x>');
      phone.answer(await phone.request('REFER'), '202 Accepted');
      await notify(standing, 'SIP/2.0 100 Trying', 'active;expires=9999999');
      clock.advance(180_000);
      assert.equal((await silent).status, 408);
      assert.equal(call.state, 'answered');
    });

    it('a phone that hangs up as soon as it is transferred ends the call', async () => {
      const { call, dialog, to } = await stand();
      const transferred = call.refer('<sip:1002@x>');
      phone.answer(await phone.request('REFER'), '202 Accepted');
      phone.within(dialog, to, 'BYE');
      await phone.response(200, 'BYE');
      assert.equal((await transferred).status, 202);
      assert.deepEqual(ends, [{ cause: 'remote' }]);
    });

    it('the other party of an attended transfer is named as its dialog sees it (RFC 3891)', async () => {
      const { call, dialog, to } = await stand();
      const { callId, toTag, fromTag } = call.replaces ?? {};
      assert.deepEqual(
        [callId, toTag, fromTag],
        [dialog.callId, /tag=(.*)/.exec(dialog.from)?.[1], /tag=(.*)/.exec(to ?? '')?.[1]],
      );
      assert.equal(call.remoteTarget && 'host' in call.remoteTarget && call.remoteTarget.host, '127.0.0.1');
    });
  });

  it('a phone on hold can transfer, even while a change of ours is in progress', async () => {
    const { call, dialog, to } = await stand();
    phone.within(dialog, to, 'INVITE', { sdp: phoneSdp('m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n') });
    await phone.response(200, 'INVITE');
    phone.within(dialog, to, 'ACK');
    await roundTrip(call);
    const changed = call.reinvite(phoneSdp());
    const ours = await phone.request('INVITE');
    const request = asked(call);
    refer(dialog, to, 'Refer-To: <sip:1002@x>');
    void (await request).accept().finish(200, 'OK');
    await phone.response(202, 'REFER');
    assert.equal((await notified())[1], 'active;expires=180');
    assert.equal((await notified())[1], 'terminated;reason=noresource');
    phone.answer(ours, '200 OK', { sdp: phoneSdp() });
    await changed;
  });

  it('threat 19: a REFER is refused outside calls, without a listener, and if it is malformed or asks for more than a call', async () => {
    const stray: RawDialog = { ...(await stand()).dialog, callId: 'stray' };
    phone.within(stray, '<sip:100@127.0.0.1>', 'REFER', { headers: ['Refer-To: <sip:1002@x>'] });
    await phone.response(403, 'REFER');
    const { call, dialog, to } = await stand('1002');
    refer(dialog, to, 'Refer-To: <sip:1002@x>');
    await phone.response(603, 'REFER');
    let asks = 0;
    call.on('refer', (request) => {
      asks++;
      request.reject(403, 'Not Permitted');
      request.reject(500);
    });
    const many = Array.from({ length: 21 }, (_, index) => `X-${index}=1`).join('&');
    for (const [headers, status] of [
      [[], 400],
      [['Refer-To: <sip:1@x>', 'Refer-To: <sip:2@x>'], 400],
      [['Refer-To: <sip:1@x>, <sip:2@x>'], 400],
      [['Refer-To: <sip:1@x'], 400],
      [['Refer-To: <https://example.org/>'], 416],
      [['Refer-To: <sip:1@x;method=BYE>'], 501],
      [['Refer-To: <sip:1@x;method=SUBSCRIBE>'], 501],
      [['Refer-To: <sip:1@x?Replaces=a>'], 400],
      [['Refer-To: <sip:1@x?Replaces=a%3Bto-tag%3Db>'], 400],
      [['Refer-To: <sip:1@x?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc%0D%0AX:1>'], 400],
      [['Refer-To: <sip:1@x?Replaces=%ff>'], 400],
      [['Refer-To: <sip:1@x?Replaces=a%3Bto-tag=b%3Bfrom-tag=c&replaces=a%3Bto-tag=b%3Bfrom-tag=c>'], 400],
      [[`Refer-To: <sip:1@x?${many}>`], 400],
      [['Refer-To: <sip:1@x>', 'Referred-By: <sip:a@x>', 'Referred-By: <sip:b@x>'], 400],
      [['Refer-To: <sip:1@x>', 'Require: unheard-of'], 420],
      [['Refer-To: <sip:1@x>'], 403],
    ] as const) {
      refer(dialog, to, ...headers);
      await phone.response(status, 'REFER');
    }
    assert.equal(asks, 1);
  });

  it('threat 19: of the header fields that Refer-To wants in our INVITE, only Replaces is read', async () => {
    const { call, dialog, to } = await stand();
    const request = asked(call);
    refer(
      dialog,
      to,
      'Refer-To: <sip:1002@x?Route=%3Csip:evil.example%3E&From=boss&REPLACES=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only>',
    );
    const { content } = await request;
    assert.equal('headers' in content.target && content.target.headers, undefined);
    assert.deepEqual(content.replaces, { callId: 'a@b', toTag: '1', fromTag: '2', earlyOnly: true });
    (await request).reject();
    await phone.response(603, 'REFER');
  });

  for (const [what, status, headers, contacts] of [
    [
      'all its usable contacts, best first',
      '302 Moved Temporarily',
      [
        'Contact: <sip:a@x>;q=0.2, <sip:b@y>;q=0.9',
        'Contact: <mailto:c@z>',
        'Diversion: <sip:1002@x>;reason=no-answer',
      ],
      ['b', 'a'],
    ],
    ['nothing if it is no redirection', '380 Alternative Service', ['Contact: <sip:a@x>'], undefined],
    ['nothing if its Contact is malformed', '301 Moved Permanently', ['Contact: <sip:a@'], undefined],
    ['nothing without a Contact', '302 Moved Temporarily', [], undefined],
  ] as const) {
    it(`the end of a call that is answered by a 3xx names ${what}`, async () => {
      await phone.register('1002', `<sip:1002@127.0.0.1:${phone.port}>`);
      const placed = await stack.invite({ user: '1002' }, { sdp: new SdpSession().offer(LOCAL) });
      const ended = once(placed, 'end');
      phone.answer(await phone.request('INVITE'), status, { tag: 'b', contact: null, headers: [...headers] });
      const [end] = (await ended) as [CallEnd];
      assert.equal(end.cause, 'refused');
      assert.deepEqual(
        end.redirection?.contacts.map((uri) => 'user' in uri && uri.user),
        contacts,
      );
      if (end.redirection) {
        assert.deepEqual(end.redirection.diversions, ['<sip:1002@x>;reason=no-answer']);
      }
    });
  }

  describe('INVITE with Replaces', () => {
    /** The dialog as its callee, we, sees it. */
    const replaces = (dialog: RawDialog, to: string | undefined, more = '') =>
      `Replaces: ${dialog.callId};to-tag=${/tag=(.*)/.exec(to ?? '')?.[1]};from-tag=${/tag=(.*)/.exec(dialog.from)?.[1]}${more}`;

    it('a call of the same account takes over, and the former call gets BYE', async () => {
      const { call: before, dialog, to } = await stand();
      await phone.inviteAs('1001', {
        sdp: phoneSdp(),
        headers: [replaces(dialog, to), 'Require: replaces'],
      });
      await phone.response(200, 'INVITE');
      const bye = await phone.request('BYE');
      assert.equal(bye.callId, dialog.callId);
      phone.answer(bye, '200 OK');
      assert.equal(calls.length, 2);
      assert.equal(calls[1]?.replaced, before);
      assert.deepEqual(ends, [{ cause: 'local' }]);
    });

    it('threat 19: nobody replaces the call of another, or one that does not exist or has ended', async () => {
      const { dialog, to } = await stand();
      const own = replaces(dialog, to);
      const refused = async (username: string, status: number, ...headers: string[]) => {
        const invite = await phone.inviteAs(username, { sdp: phoneSdp(), headers });
        phone.ackRefusal(invite, await phone.response(status, 'INVITE'));
      };
      await refused('1002', 403, own);
      await refused('1001', 481, own.replace('to-tag=', 'to-tag=0'));
      await refused('1001', 481, own.replace('from-tag=', 'from-tag=0'));
      await refused('1001', 486, `${own};early-only`);
      await refused('1001', 400, own, own);
      await refused('1001', 400, own, own.replace('Replaces', 'Join'));
      await refused('1001', 400, `Replaces: ${dialog.callId}`);
      await refused('1001', 400, `${own}, ${own.slice(10)}`);
      phone.within(dialog, to, 'BYE');
      await phone.response(200, 'BYE');
      await refused('1001', 481, own);
      assert.equal(calls.length, 1);
    });

    it('a ringing incoming call cannot be taken over, a call that we place can', async () => {
      stack.removeAllListeners('invite');
      stack.on('invite', (call) => {
        calls.push(call);
        call.ring();
      });
      const dialog = await phone.inviteAs('1001', { sdp: phoneSdp() });
      const to = (await phone.response(180, 'INVITE')).headers.get('to');
      const second = await phone.inviteAs('1001', { sdp: phoneSdp(), headers: [replaces(dialog, to)] });
      phone.ackRefusal(second, await phone.response(481, 'INVITE'));
      await phone.register('1002', `<sip:1002@127.0.0.1:${phone.port}>`);
      const placed = await stack.invite({ user: '1002' }, { sdp: new SdpSession().offer(LOCAL) });
      const invite = await phone.request('INVITE');
      phone.answer(invite, '180 Ringing', { tag: 'b' });
      await once(placed, 'progress');
      const ours = /tag=(.*)/.exec(invite.headers.get('from') ?? '')?.[1];
      const header = `Replaces: ${invite.callId};to-tag=${ours};from-tag=b;early-only`;
      await phone.inviteAs('1002', { sdp: phoneSdp(), headers: [header] });
      await phone.response(180, 'INVITE');
      assert.equal(calls.at(-1)?.replaced, placed);
    });
  });
});
