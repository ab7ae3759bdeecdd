import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Call, type CallEnd, type OutgoingCall, SdpSession, SipStack } from '../index.ts';
import { FakeClock } from '../transaction/index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
/** T1 is 50 ms, so the RFC's 32 s become 3.2 s here. */
const FAST = { t1: 50, t2: 400, t4: 500 };
const USERS = {
  realm: 'canopy.test',
  lookup: (name: string) => (name === 'bob' ? 'secret' : undefined),
  algorithms: ['MD5'] as const,
};

async function ended(call: Call): Promise<CallEnd> {
  const [end] = await once(call, 'end', { signal: AbortSignal.timeout(8000) });
  return end as CallEnd;
}

describe('calls to registered phones', () => {
  let stack: SipStack;
  let phones: RawPhone[];

  beforeEach(async () => {
    phones = [];
    stack = await SipStack.create({
      listen: [
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
        { protocol: 'tcp', address: '127.0.0.1', port: 0 },
      ],
      users: USERS,
      timers: FAST,
    });
  });
  afterEach(async () => {
    await stack.close();
    for (const phone of phones) {
      phone.close();
    }
    assert.equal(stack.counts.calls, 0, 'no call is left');
    assert.equal(stack.counts.dialogs, 0, 'no dialog is left');
  });

  const portOf = (protocol: string) =>
    stack.bound.find((listener) => listener.protocol === protocol)?.local.port ?? 0;

  async function newPhone(protocol: 'udp' | 'tcp' = 'udp'): Promise<RawPhone> {
    const phone = await (protocol === 'udp' ? RawPhone.udp(portOf('udp')) : RawPhone.tcp(portOf('tcp')));
    phones.push(phone);
    return phone;
  }

  const call = () => stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });

  for (const [what, protocol, contact] of [
    ['a private Contact', 'udp', '<sip:bob@192.168.77.10:5060>'],
    ['a private Contact', 'tcp', '<sip:bob@192.168.77.10:5060;transport=tcp>'],
    ['a Contact of no host that exists', 'udp', '<sip:bob@phone.invalid:5060>'],
    ['a Contact of the right address and another port', 'udp', '<sip:bob@127.0.0.1:5060>'],
    ['a Contact that names another transport', 'udp', '<sip:bob@127.0.0.1;transport=tcp>'],
  ] as const) {
    it(`a phone with ${what} gets PRACK, ACK, re-INVITE, UPDATE, INFO and BYE at its registered source, over ${protocol}`, async () => {
      const phone = await newPhone(protocol);
      await phone.register('bob', contact);
      const placed = await call();
      const answered = once(placed, 'answered');
      const invite = await phone.request('INVITE');
      phone.answer(invite, '180 Ringing', { tag: 'a', contact, headers: ['Require: 100rel', 'RSeq: 7'] });
      phone.answer(await phone.request('PRACK'), '200 OK');
      phone.answer(invite, '200 OK', { tag: 'a', contact, sdp: phoneSdp() });
      await phone.request('ACK');
      await answered;
      const changed = placed.reinvite(new SdpSession().offer({ ...LOCAL, direction: 'sendonly' }));
      phone.answer(await phone.request('INVITE'), '200 OK', { contact, sdp: phoneSdp() });
      await phone.request('ACK');
      await changed;
      const updated = placed.update(new SdpSession().offer(LOCAL));
      phone.answer(await phone.request('UPDATE'), '200 OK', { contact, sdp: phoneSdp() });
      await updated;
      const informed = placed.info('text/plain', Buffer.from('hello'));
      phone.answer(await phone.request('INFO'), '200 OK');
      assert.equal(await informed, 200);
      const hungUp = placed.hangUp();
      const bye = await phone.request('BYE');
      phone.answer(bye, '200 OK');
      await hungUp;
    });
  }

  it('a Record-Route takes precedence over the registered source', async () => {
    const phone = await newPhone();
    const proxy = await newPhone();
    const contact = '<sip:bob@192.168.77.10:5060>';
    await phone.register('bob', contact);
    const placed = await call();
    const invite = await phone.request('INVITE');
    const headers = [`Record-Route: <sip:127.0.0.1:${proxy.port};lr>`];
    phone.answer(invite, '200 OK', { tag: 'a', contact, headers, sdp: phoneSdp() });
    const ack = await proxy.request('ACK');
    assert.equal(ack.headers.get('route'), `<sip:127.0.0.1:${proxy.port};lr>`);
    const hungUp = placed.hangUp();
    proxy.answer(await proxy.request('BYE'), '200 OK');
    await hungUp;
    assert.equal(phone.count('ACK'), 0);
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`a phone that registers from a new source during a call gets our BYE there, over ${protocol}`, async () => {
      const phone = await newPhone(protocol);
      const contact = '<sip:bob@192.168.77.10:5060>';
      await phone.register('bob', contact);
      const placed = await call();
      phone.answer(await phone.request('INVITE'), '200 OK', { tag: 'a', contact, sdp: phoneSdp() });
      await phone.request('ACK');
      if (protocol === 'udp') {
        await phone.moveUdp();
      } else {
        await phone.moveTcp();
      }
      await phone.register('bob', contact);
      const hungUp = placed.hangUp();
      phone.answer(await phone.request('BYE'), '200 OK');
      await hungUp;
    });
  }

  it('a call from a registered phone follows its next registration', async () => {
    const phone = await newPhone();
    const contact = '<sip:bob@192.168.77.10:5060>';
    await phone.register('bob', contact);
    stack.on('invite', (incoming) => {
      assert.deepEqual(incoming.identity, { kind: 'user', username: 'bob' });
      incoming.accept(new SdpSession().answer(incoming.offer ?? '', LOCAL).sdp);
    });
    const dialog = await phone.inviteAs('bob', { contact, sdp: phoneSdp() });
    const ok = await phone.response(200, 'INVITE');
    const [incoming] = stack.calls;
    assert.ok(incoming);
    const confirmed = once(incoming, 'confirmed');
    phone.within(dialog, ok.headers.get('to'), 'ACK');
    await confirmed;
    await phone.moveUdp();
    await phone.register('bob', contact);
    const hungUp = incoming.hangUp();
    phone.answer(await phone.request('BYE'), '200 OK');
    await hungUp;
  });

  it('all phones of a user ring, the first to answer gets the call, and the others are cancelled', async () => {
    const [desk, soft] = [await newPhone(), await newPhone('tcp')];
    await desk.register('bob', '<sip:desk@192.168.77.10>;q=0.1');
    await soft.register('bob', '<sip:soft@192.168.77.11>');
    const placed = await call();
    const answered = once(placed, 'answered');
    const [atDesk, atSoft] = await Promise.all([desk.request('INVITE'), soft.request('INVITE')]);
    // Simple phones may choose the same tag.
    desk.answer(atDesk, '180 Ringing', { tag: 'a' });
    soft.answer(atSoft, '180 Ringing', { tag: 'a' });
    desk.answer(atDesk, '200 OK', { tag: 'a', sdp: phoneSdp() });
    await desk.request('ACK');
    await answered;
    const cancel = await soft.request('CANCEL');
    // It shows no missed call (RFC 3326).
    assert.match(cancel.headers.get('reason') ?? '', /^SIP;cause=200;/);
    soft.answer(cancel, '200 OK');
    soft.answer(atSoft, '487 Request Terminated', { tag: 'a' });
    await soft.request('ACK');
    const hungUp = placed.hangUp();
    desk.answer(await desk.request('BYE'), '200 OK');
    await hungUp;
    assert.equal(soft.count('BYE'), 0);
  });

  it('threat 20: a second phone that answers too late gets ACK and BYE, and another ACK for a retransmission', async () => {
    const [first, second] = [await newPhone(), await newPhone()];
    await first.register('bob', '<sip:first@192.168.77.10>');
    await second.register('bob', '<sip:second@192.168.77.11>');
    const placed = await call();
    const [one, other] = await Promise.all([first.request('INVITE'), second.request('INVITE')]);
    first.answer(one, '200 OK', { tag: 'a', sdp: phoneSdp() });
    await first.request('ACK');
    second.answer(other, '200 OK', { tag: 'a', contact: '<sip:second@192.168.77.11>', sdp: phoneSdp() });
    await second.request('ACK');
    second.answer(await second.request('BYE'), '200 OK');
    second.answer(other, '200 OK', { tag: 'a', contact: '<sip:second@192.168.77.11>', sdp: phoneSdp() });
    await second.request('ACK');
    assert.equal(placed.state, 'answered');
    const hungUp = placed.hangUp();
    first.answer(await first.request('BYE'), '200 OK');
    await hungUp;
    assert.equal(second.count('BYE'), 1);
  });

  it('a phone that declines for its user (6xx) ends the call for all of them', async () => {
    const [first, second] = [await newPhone(), await newPhone()];
    await first.register('bob', '<sip:first@192.168.77.10>');
    await second.register('bob', '<sip:second@192.168.77.11>');
    const placed = await call();
    const end = ended(placed);
    const [one, other] = await Promise.all([first.request('INVITE'), second.request('INVITE')]);
    second.answer(other, '180 Ringing', { tag: 'b' });
    await once(placed, 'progress');
    first.answer(one, '603 Decline', { tag: 'a' });
    assert.deepEqual(await end, { cause: 'refused', status: 603, reason: 'Decline' });
    second.answer(await second.request('CANCEL'), '200 OK');
    second.answer(other, '487 Request Terminated', { tag: 'b' });
    await second.request('ACK');
  });

  it('a busy phone leaves the others ringing, and if none answers, the best refusal counts', async () => {
    const [first, second] = [await newPhone(), await newPhone()];
    await first.register('bob', '<sip:first@192.168.77.10>');
    await second.register('bob', '<sip:second@192.168.77.11>');
    const placed = await call();
    const end = ended(placed);
    const [one, other] = await Promise.all([first.request('INVITE'), second.request('INVITE')]);
    second.answer(other, '180 Ringing', { tag: 'b' });
    first.answer(one, '500 Server Internal Error', { tag: 'a' });
    await first.request('ACK');
    assert.notEqual(placed.state, 'ended');
    second.answer(other, '486 Busy Here', { tag: 'b' });
    assert.deepEqual(await end, { cause: 'refused', status: 486, reason: 'Busy Here' });
  });

  it('a dead phone delays neither the answer of another nor its refusal', async () => {
    const [dead, alive] = [await newPhone(), await newPhone()];
    await dead.register('bob', '<sip:dead@192.168.77.10>');
    await alive.register('bob', '<sip:alive@192.168.77.11>;q=0.1');
    const placed = await call();
    const end = ended(placed);
    const startedMs = performance.now();
    alive.answer(await alive.request('INVITE'), '486 Busy Here', { tag: 'a' });
    assert.equal((await end).status, 486);
    // Timer B would be 3.2 s.
    assert.ok(performance.now() - startedMs < 64 * FAST.t1 - 500);
    const next = await call();
    alive.answer(await alive.request('INVITE'), '200 OK', { tag: 'b', sdp: phoneSdp() });
    await alive.request('ACK');
    const hungUp = next.hangUp();
    alive.answer(await alive.request('BYE'), '200 OK');
    await hungUp;
  });

  it('a phone that re-registered from another address rings only there', async () => {
    const phone = await newPhone();
    const other = await newPhone();
    const instance = '+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"';
    await phone.register('bob', `<sip:bob@192.168.77.10:5060>;${instance}`);
    await other.register('bob', `<sip:bob@192.168.77.12:5060>;${instance}`);
    const placed = await call();
    const invite = await other.request('INVITE');
    other.answer(invite, '180 Ringing', { tag: 'a' });
    await once(placed, 'progress');
    const hungUp = placed.hangUp();
    other.answer(await other.request('CANCEL'), '200 OK');
    other.answer(invite, '487 Request Terminated', { tag: 'a' });
    await hungUp;
    assert.equal(phone.count('INVITE'), 0);
  });

  it('a cancelled call ends at once if there was no response yet, and a phone that rings later is cancelled', async () => {
    const phone = await newPhone();
    await phone.register('bob', '<sip:bob@192.168.77.10>');
    const placed = await call();
    const invite = await phone.request('INVITE');
    await placed.hangUp();
    phone.answer(invite, '180 Ringing', { tag: 'a' });
    phone.answer(await phone.request('CANCEL'), '200 OK');
    phone.answer(invite, '487 Request Terminated', { tag: 'a' });
    await phone.request('ACK');
  });
});

describe('NatKeepAlive', () => {
  it('sends a packet at least every 25 s to phones behind a NAT, only over UDP', async () => {
    const clock = new FakeClock();
    const stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      users: USERS,
      clock,
    });
    const port = stack.bound[0]?.local.port ?? 0;
    const [behind, open] = [await RawPhone.udp(port), await RawPhone.udp(port)];
    try {
      await behind.register('bob', '<sip:bob@192.168.77.10:5060>');
      await open.register('bob', `<sip:bob@127.0.0.1:${open.port}>`);
      for (let count = 0; count < 3; count++) {
        clock.advance(25_000);
        const ping = await behind.request('OPTIONS');
        behind.answer(ping, '200 OK');
      }
      assert.equal(open.count('OPTIONS'), 0);
      // A phone that does not answer gets no more of them.
      clock.advance(25_000);
      await behind.request('OPTIONS');
      assert.equal(behind.count('OPTIONS'), 4);
    } finally {
      await stack.close(0);
      behind.close();
      open.close();
    }
    assert.equal(stack.counts.transactions, 0);
  });
});

describe('answers to our INVITE', () => {
  let stack: SipStack;
  let callee: RawPhone;

  beforeEach(async () => {
    stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      timers: FAST,
    });
    callee = await RawPhone.udp(stack.bound[0]?.local.port ?? 0);
  });
  afterEach(async () => {
    await stack.close();
    callee.close();
    assert.equal(stack.counts.calls, 0, 'no call is left');
    assert.equal(stack.counts.dialogs, 0, 'no dialog is left');
  });

  const call = (): Promise<OutgoingCall> =>
    stack.invite({ uri: `sip:bob@127.0.0.1:${callee.port}` }, { sdp: new SdpSession().offer(LOCAL) });

  for (const [what, contact, headers] of [
    ['no Contact', null, []],
    ['two Contacts', '<sip:a@127.0.0.1>, <sip:b@127.0.0.1>', []],
    ['a Contact with a blank in its host', '<sip:a@127.0.0.1 x>', []],
    ['a Contact of another scheme', '<mailto:a@127.0.0.1>', []],
    ['a Record-Route that cannot be read', '<sip:a@127.0.0.1:9>', ['Record-Route: <sip:a b;lr>']],
  ] as const) {
    it(`threat 20: a 200 with ${what} is acknowledged, ended by BYE, and acknowledged again`, async () => {
      const placed = await call();
      const end = ended(placed);
      const invite = await callee.request('INVITE');
      callee.answer(invite, '200 OK', { tag: 'a', contact, headers: [...headers], sdp: phoneSdp() });
      const ack = await callee.request('ACK');
      assert.equal(ack.cseq.number, invite.cseq.number);
      assert.equal((await end).cause, 'protocol');
      callee.answer(invite, '200 OK', { tag: 'a', contact, headers: [...headers], sdp: phoneSdp() });
      await callee.request('ACK');
      callee.answer(await callee.request('BYE'), '200 OK');
      assert.equal(callee.count('BYE'), 1);
    });
  }

  it('the Contact of an earlier 180 is used if the 200 has none', async () => {
    const placed = await call();
    const answered = once(placed, 'answered');
    const invite = await callee.request('INVITE');
    callee.answer(invite, '180 Ringing', { tag: 'a' });
    callee.answer(invite, '200 OK', { tag: 'a', contact: null, sdp: phoneSdp() });
    await callee.request('ACK');
    await answered;
    const hungUp = placed.hangUp();
    callee.answer(await callee.request('BYE'), '200 OK');
    await hungUp;
  });

  it('a callee that sends OPTIONS, INFO or UPDATE while it rings does not get 481', async () => {
    const placed = await call();
    const answered = once(placed, 'answered');
    const invite = await callee.request('INVITE');
    callee.answer(invite, '180 Ringing', { tag: 'a' });
    await once(placed, 'progress');
    const dialog = {
      from: `${invite.headers.get('to')};tag=a`,
      uri: /<(.*)>/.exec(invite.headers.get('contact') ?? '')?.[1] ?? '',
      callId: invite.callId,
      contact: `<sip:bob@127.0.0.1:${callee.port}>`,
      sequence: 0,
      sentBy: undefined,
    };
    const from = invite.headers.get('from');
    callee.within(dialog, from, 'OPTIONS');
    await callee.response(200, 'OPTIONS');
    callee.within(dialog, from, 'INFO');
    await callee.response(200, 'INFO');
    callee.within(dialog, from, 'UPDATE', { sdp: phoneSdp() });
    const later = await callee.response(500, 'UPDATE');
    assert.equal(later.headers.get('retry-after'), '3');
    callee.answer(invite, '200 OK', { tag: 'a', sdp: phoneSdp() });
    await callee.request('ACK');
    await answered;
    const hungUp = placed.hangUp();
    callee.answer(await callee.request('BYE'), '200 OK');
    await hungUp;
  });

  it('a 200 without a To tag is accepted: the tag is empty (RFC 3261 §12.1.2)', async () => {
    const placed = await call();
    const answered = once(placed, 'answered');
    callee.answer(await callee.request('INVITE'), '200 OK', { sdp: phoneSdp() });
    await callee.request('ACK');
    await answered;
    const hungUp = placed.hangUp();
    callee.answer(await callee.request('BYE'), '200 OK');
    await hungUp;
  });

  it('threat 20: the route set is that of the 200, whatever the 180 has', async () => {
    const proxy = await RawPhone.udp(stack.bound[0]?.local.port ?? 0);
    try {
      for (const [ringing, answer] of [
        [[], [`Record-Route: <sip:127.0.0.1:${proxy.port};lr>`]],
        [['Record-Route: <sip:127.0.0.1:9;lr>'], [`Record-Route: <sip:127.0.0.1:${proxy.port};lr>`]],
      ] as const) {
        const placed = await call();
        const invite = await callee.request('INVITE');
        callee.answer(invite, '180 Ringing', { tag: 'a', headers: [...ringing] });
        callee.answer(invite, '200 OK', { tag: 'a', headers: [...answer], sdp: phoneSdp() });
        const ack = await proxy.request('ACK');
        assert.deepEqual(ack.headers.all('route'), [`<sip:127.0.0.1:${proxy.port};lr>`]);
        const hungUp = placed.hangUp();
        const bye = await proxy.request('BYE');
        assert.deepEqual(bye.headers.all('route'), [`<sip:127.0.0.1:${proxy.port};lr>`]);
        proxy.answer(bye, '200 OK');
        await hungUp;
      }
    } finally {
      proxy.close();
    }
  });

  it('our INVITE requests a session timer, and a longer one if the callee requires it', async () => {
    const placed = await call();
    const answered = once(placed, 'answered');
    const invite = await callee.request('INVITE');
    assert.equal(invite.headers.get('session-expires'), '1800');
    assert.ok(invite.headers.tokens('supported').includes('timer'));
    callee.answer(invite, '422 Session Interval Too Small', { tag: 'a', headers: ['Min-SE: 7200'] });
    await callee.request('ACK');
    const longer = await callee.request('INVITE');
    assert.equal(longer.headers.get('session-expires'), '7200');
    assert.equal(longer.headers.get('min-se'), '7200');
    callee.answer(longer, '200 OK', { tag: 'b', sdp: phoneSdp() });
    await callee.request('ACK');
    await answered;
    const hungUp = placed.hangUp();
    callee.answer(await callee.request('BYE'), '200 OK');
    await hungUp;
  });

  it('a callee that requires ever longer sessions gets a limited number of retries', async () => {
    const placed = await call();
    const end = ended(placed);
    for (const seconds of [2000, 3000, 4000]) {
      callee.answer(await callee.request('INVITE'), '422 Session Interval Too Small', {
        tag: 'a',
        headers: [`Min-SE: ${seconds}`],
      });
    }
    assert.equal((await end).status, 422);
  });

  it('a callee behind a NAT with a private Contact gets the ACK at the source of its answer', async () => {
    const placed = await call();
    const contact = '<sip:bob@192.168.77.10:5060>';
    callee.answer(await callee.request('INVITE'), '200 OK', { tag: 'a', contact, sdp: phoneSdp() });
    await callee.request('ACK');
    const hungUp = placed.hangUp();
    callee.answer(await callee.request('BYE'), '200 OK');
    await hungUp;
  });
});
