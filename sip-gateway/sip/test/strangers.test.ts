import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { g711Offer, headerOf, SipPeer, tagOf } from '../../../test/support/sip-peer.ts';
import { eventually } from '../../../test/support/wait.ts';
import { type IncomingCall, SdpSession, SipStack, type SipStackOptions } from '../index.ts';

const PASSWORD = 'secret';
const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU'] as const };
const OFFER = g711Offer('127.0.0.1', 7002);
const TRUNK = '127.0.0.5';
const VICTIM = '127.0.0.66';
const users: SipStackOptions['users'] = {
  realm: 'canopy',
  lookup: (name) => (/^10\d\d$/.test(name) ? PASSWORD : undefined),
};
const trunk = { id: 'office', uri: 'sip:127.0.0.5:5060', peers: [TRUNK] };

const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) {
    await undo();
  }
});

/** A stack that answers every call. */
async function open(options: Partial<SipStackOptions> = {}): Promise<{ stack: SipStack; port: number }> {
  const listen = [
    { protocol: 'udp', address: '127.0.0.1', port: 0 },
    { protocol: 'tcp', address: '127.0.0.1', port: 0 },
  ] as const;
  const stack = await SipStack.create({ listen, users, ...options });
  cleanup.push(() => stack.close(0));
  stack.on('invite', (call) => call.accept(answerTo(call)));
  return { stack, port: stack.bound[0]?.local.port ?? 0 };
}

function answerTo(call: IncomingCall): string {
  return new SdpSession().answer(call.offer ?? '', LOCAL).sdp;
}

async function peerAt(address: string, port: number): Promise<SipPeer> {
  const peer = await SipPeer.open(address, port);
  cleanup.push(() => peer.close());
  return peer;
}

/** Makes a call from a phone and acknowledges the answer. */
async function callOf(
  phone: SipPeer,
  username: string,
  callId: string,
): Promise<{ callId: string; toTag: string }> {
  const answer = await phone.login('INVITE', username, PASSWORD, { callId, sdp: OFFER });
  assert.match(answer, /^SIP\/2\.0 200/);
  const toTag = tagOf(answer);
  phone.send(phone.request('ACK', { callId, cseq: 2, from: username, toTag }));
  return { callId, toTag };
}

/** Sends in batches, so that the kernel's queue can hold them. */
async function flood(count: number, perSecond: number, send: (index: number) => void): Promise<void> {
  const began = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000) * perSecond));
    while (sent < due) {
      send(sent++);
    }
    await delay(5);
  }
}

describe('the SIP edge against strangers', () => {
  it('threat 55: ten forged logins from the address of phones lock none of them out', async () => {
    const { port } = await open();
    const phone = await peerAt('127.0.0.20', port);
    const neighbour = await peerAt('127.0.0.20', port);
    assert.match(await phone.login('REGISTER', '1001', PASSWORD, { user: '1001' }), /^SIP\/2\.0 200/);
    // A forged source cannot read the answers; these requests are just as blind.
    for (let index = 0; index < 30; index++) {
      const forged = `Digest username="1001", realm="canopy", nonce="a", uri="sip:C", response="${index}"`;
      phone.send(phone.request('REGISTER', { user: 'x', headers: [`Authorization: ${forged}`] }));
    }
    await eventually('all were answered', () => phone.statuses().length >= 32);
    assert.deepEqual(new Set(phone.statuses().slice(2)), new Set([401]));
    for (const each of [phone, neighbour]) {
      assert.match(await each.login('REGISTER', '1001', PASSWORD, { user: '1001' }), /^SIP\/2\.0 200/);
    }
    assert.match(await phone.login('INVITE', '1001', PASSWORD, { sdp: OFFER }), /^SIP\/2\.0 200/);
  });

  it('threat 55: a phone with an old password locks out only itself, and that is logged', async () => {
    const { stack, port } = await open();
    const told: unknown[] = [];
    stack.on('failedLogin', (login) => told.push(login));
    const [old, good] = [await peerAt('127.0.0.20', port), await peerAt('127.0.0.20', port)];
    for (let index = 0; index < 10; index++) {
      assert.match(await old.login('REGISTER', '1001', `old ${index}`, { user: '1001' }), /^SIP\/2\.0 403/);
    }
    assert.match(await old.login('REGISTER', '1001', PASSWORD, { user: '1001' }), /^SIP\/2\.0 403/);
    assert.deepEqual(told.slice(-2), [
      { username: '1001', address: '127.0.0.20', lockedNow: 'user' },
      { username: '1001', address: '127.0.0.20' },
    ]);
    assert.match(await good.login('REGISTER', '1002', PASSWORD, { user: '1002' }), /^SIP\/2\.0 200/);
  });

  it('threat 61: each refusal of a stranger is sent once, and again only if the request is retransmitted', async () => {
    const { stack, port } = await open({ timers: { t1: 20, t2: 160, t4: 200 } });
    const stranger = await peerAt(VICTIM, port);
    const expected: [string, string, number][] = [
      ['INVITE', '', 401],
      ['REGISTER', '', 401],
      ['BYE', 'gone', 481],
      ['CANCEL', '', 481],
      ['PUBLISH', '', 405],
      ['OPTIONS', '', 200],
    ];
    const sent = expected.map(([method, toTag]) =>
      stranger.request(method, { callId: method, ...(toTag !== '' && { toTag }), sdp: OFFER }),
    );
    for (const request of sent) {
      stranger.send(request);
    }
    for (const [method, , status] of expected) {
      const response = await stranger.final(method);
      assert.match(response, new RegExp(`^SIP/2\\.0 ${status}`), method);
    }
    // Longer than any retransmission would take.
    await delay(64 * 20 + 200);
    for (const [method, , status] of expected) {
      assert.deepEqual(stranger.statuses(method), [status], method);
    }
    assert.equal(stack.counts.transactions, 0);
    const [invite = ''] = sent;
    const first = await stranger.final('INVITE');
    const from = stranger.received.length;
    stranger.send(invite);
    assert.equal(
      tagOf(await stranger.final('INVITE', 1, from)),
      tagOf(first),
      'with the same To tag (RFC 3261 §8.2.7)',
    );
  });

  it('threat 61: a refusal to a caller authenticated only by its address is sent once per INVITE', async () => {
    const { stack, port } = await open({ trunks: [trunk], timers: { t1: 20, t2: 160, t4: 200 } });
    stack.removeAllListeners('invite');
    stack.on('invite', (call) => call.reject(404));
    const forged = await peerAt(TRUNK, port);
    const invite = forged.request('INVITE', { callId: 'wrong-number', sdp: OFFER });
    forged.send(invite);
    await forged.final('wrong-number');
    await delay(64 * 20 - 300);
    assert.deepEqual(forged.statuses(), [404]);
    forged.send(invite);
    await forged.waitFor(() => forged.statuses().length === 2, forged.received.length);
  });

  it('threat 56: 120 INVITEs per second from one stranger do not affect the calls of others', async () => {
    const { port } = await open();
    const stranger = await peerAt(VICTIM, port);
    const [phone, fresh] = [await peerAt('127.0.0.20', port), await peerAt('127.0.0.21', port)];
    await phone.login('REGISTER', '1001', PASSWORD, { user: '1001' });
    const done = flood(480, 120, () => stranger.send(stranger.request('INVITE', { sdp: OFFER })));
    await stranger.waitFor((text) => text.startsWith('SIP/2.0 503'));
    for (let index = 0; index < 4; index++) {
      const { callId, toTag } = await callOf(phone, '1001', `known-${index}`);
      await phone.ask('BYE', { callId, cseq: 3, from: '1001', toTag });
      // A phone that has never logged in also gets through despite the flood.
      const other = await callOf(fresh, '1002', `fresh-${index}`);
      await fresh.ask('BYE', { ...other, cseq: 3, from: '1002' });
    }
    await done;
  });

  it('threat 56: 12,000 requests in nonexistent dialogs leave no state, and calls in progress are served', async () => {
    const { stack, port } = await open();
    const [stranger, phone] = [await peerAt(VICTIM, port), await peerAt('127.0.0.20', port)];
    const { callId, toTag } = await callOf(phone, '1001', 'up');
    const before = stack.counts.transactions;
    await flood(12_000, 6000, (index) =>
      stranger.send(stranger.request('BYE', { callId: `${index}`, toTag: 'none' })),
    );
    assert.match(await phone.ask('OPTIONS', { callId, cseq: 3, from: '1001', toTag }), /^SIP\/2\.0 200/);
    assert.ok(stack.counts.transactions <= before + 1, `${stack.counts.transactions} transactions`);
    assert.ok(stranger.statuses().length < 1000, 'most were not even answered');
    assert.match(await phone.login('REGISTER', '1001', PASSWORD, { user: '1001' }), /^SIP\/2\.0 200/);
    assert.match(await phone.ask('BYE', { callId, cseq: 4, from: '1001', toTag }), /^SIP\/2\.0 200/);
  });

  it('threat 22: of 1,000 new calls per second most get 503, while calls in progress and new calls from others work', async (t) => {
    const { stack, port } = await open({ trunks: [trunk] });
    const [flooding, phone] = [await peerAt(TRUNK, port), await peerAt('127.0.0.20', port)];
    const { callId, toTag } = await callOf(phone, '1001', 'up');
    const worst = { milliseconds: 0 };
    let over = false;
    const flooded = flood(3000, 1000, (index) =>
      flooding.send(flooding.request('INVITE', { callId: `flood-${index}`, sdp: OFFER })),
    ).finally(() => {
      over = true;
    });
    for (let cseq = 3; !over; cseq++) {
      const asked = performance.now();
      const response = await phone.ask('UPDATE', { callId, cseq, from: '1001', toTag });
      assert.match(response, /^SIP\/2\.0 200/);
      worst.milliseconds = Math.max(worst.milliseconds, performance.now() - asked);
      await delay(50);
    }
    await flooded;
    await callOf(phone, '1001', 'another');
    const shed = flooding.statuses().filter((status) => status === 503).length;
    t.diagnostic(`${shed} of 3,000 were shed; the slowest UPDATE took ${Math.round(worst.milliseconds)} ms`);
    assert.ok(shed > 2000, `${shed} were shed`);
    const refusals = flooding.received.filter((text) => text.startsWith('SIP/2.0 503 '));
    // 5 s for too many calls per second, 30 s for too many at once.
    const told = new Set(refusals.map((text) => headerOf(text, 'Retry-After')));
    assert.ok(
      told.has('5') && [...told].every((seconds) => seconds === '5' || seconds === '30'),
      [...told].join(),
    );
    assert.ok(stack.counts.calls <= 102, `${stack.counts.calls} calls`);
    assert.ok(worst.milliseconds < 2500, `an UPDATE took ${Math.round(worst.milliseconds)} ms`);
  });

  it('threat 52: a UDP caller authenticated only by its address has a return path once it sends the ACK', async () => {
    const { stack, port } = await open({ trunks: [trunk] });
    const caller = await peerAt(TRUNK, port);
    caller.send(caller.request('INVITE', { callId: 'forged', sdp: OFFER }));
    const [call] = (await once(stack, 'invite')) as [IncomingCall];
    let shown = false;
    void call.returnPath().then(() => {
      shown = true;
    });
    const answer = await caller.final('forged');
    // A blind sender does not know the tag.
    caller.send(caller.request('ACK', { callId: 'forged', toTag: 'guessed' }));
    assert.match(await caller.ask('OPTIONS'), /^SIP\/2\.0 200/);
    assert.equal(shown, false);
    caller.send(caller.request('ACK', { callId: 'forged', toTag: tagOf(answer) }));
    await call.returnPath();
  });

  describe('threat 52: early media is for callers who have proved where they are', () => {
    /** Calls with early media, and returns the first response that shows progress. */
    async function early(stack: SipStack, invite: () => void, caller: SipPeer) {
      stack.removeAllListeners('invite');
      stack.on('invite', (call) => call.progress(183, answerTo(call)));
      const invited = once(stack, 'invite') as Promise<[IncomingCall]>;
      invite();
      const [call] = await invited;
      let isProved = false;
      void call.returnPath().then(() => {
        isProved = true;
      });
      const progress = await caller.waitFor((text) => /^SIP\/2\.0 18/.test(text));
      return { call, progress, isProved: () => isProved };
    }

    it('a UDP caller known by its address alone hears ringing by signalling only', async () => {
      const { stack, port } = await open({ trunks: [trunk] });
      const caller = await peerAt(TRUNK, port);
      const invite = () => caller.send(caller.request('INVITE', { callId: 'early', sdp: OFFER }));
      const { call, progress, isProved } = await early(stack, invite, caller);
      assert.match(progress, /^SIP\/2\.0 180/);
      assert.doesNotMatch(progress, /m=audio/);
      assert.equal(isProved(), false);
      call.accept(answerTo(call));
      assert.match(await caller.final('early'), /m=audio/);
    });

    it('its PRACK proves it: a guessed one does not', async () => {
      const { stack, port } = await open({ trunks: [trunk] });
      const caller = await peerAt(TRUNK, port);
      const invited = { callId: 'reliable', sdp: OFFER, headers: ['Supported: 100rel'] };
      const invite = () => caller.send(caller.request('INVITE', invited));
      const { call, progress, isProved } = await early(stack, invite, caller);
      assert.match(progress, /^SIP\/2\.0 183[\s\S]*m=audio/);
      const prack = (toTag: string, cseq: number) =>
        caller.request('PRACK', {
          callId: 'reliable',
          cseq,
          toTag,
          headers: [`RAck: ${headerOf(progress, 'RSeq')} 1 INVITE`],
        });
      caller.send(prack('guessed', 2));
      assert.match(await caller.final('reliable', 2), /^SIP\/2\.0 481/);
      assert.equal(isProved(), false);
      caller.send(prack(tagOf(progress), 3));
      assert.match(await caller.final('reliable', 3), /^SIP\/2\.0 200/);
      await call.returnPath();
    });

    it('a caller that has logged in gets it at once, without 100rel', async () => {
      const { stack, port } = await open();
      const phone = await peerAt('127.0.0.20', port);
      let final: Promise<string> | undefined;
      const invite = () => {
        final = phone.login('INVITE', '1001', PASSWORD, { sdp: OFFER });
      };
      const { call, progress, isProved } = await early(stack, invite, phone);
      assert.match(progress, /^SIP\/2\.0 183[\s\S]*m=audio/);
      assert.equal(isProved(), true);
      call.accept(answerTo(call));
      assert.match((await final) ?? '', /^SIP\/2\.0 200/);
    });
  });

  it('threat 52: the BYE of an unacknowledged call goes to its source, not to its Contact', async () => {
    const { stack, port } = await open({ trunks: [trunk], timers: { t1: 10, t2: 80, t4: 100 } });
    const [caller, victim] = [await peerAt(TRUNK, port), await peerAt(VICTIM, port)];
    const contact = `${victim.address}:${victim.port}`;
    const headers = [`Record-Route: <sip:${contact};lr>`];
    const invited = once(stack, 'invite') as Promise<[IncomingCall]>;
    caller.send(caller.request('INVITE', { callId: 'never', contact, headers, sdp: OFFER }));
    const [call] = await invited;
    const [end] = await once(call, 'end');
    assert.equal((end as { cause: string }).cause, 'no-ack');
    await caller.waitFor((text) => text.startsWith('BYE'));
    await call.returnPath();
    assert.deepEqual(victim.received, []);
  });

  it('threat 52: a TCP caller has a return path from the start, as its connection proves', async () => {
    const { stack } = await open({ trunks: [trunk] });
    const port = stack.bound.find(({ protocol }) => protocol === 'tcp')?.local.port ?? 0;
    const text = (await peerAt(TRUNK, port))
      .request('INVITE', { sdp: OFFER })
      .replace('SIP/2.0/UDP', 'SIP/2.0/TCP');
    const invited = once(stack, 'invite') as Promise<[IncomingCall]>;
    const socket = connect({ port, host: '127.0.0.1', localAddress: TRUNK });
    cleanup.push(() => socket.destroy());
    socket.write(text);
    const [call] = await invited;
    await call.returnPath();
  });

  it('threat 52: a caller that has logged in has a return path from the start', async () => {
    const { stack, port } = await open();
    const phone = await peerAt('127.0.0.20', port);
    const invited = once(stack, 'invite') as Promise<[IncomingCall]>;
    await phone.login('INVITE', '1001', PASSWORD, { sdp: OFFER });
    const [call] = await invited;
    await call.returnPath();
  });

  it('threat 57: challenges of a host that a trunk’s caller names as Contact are never answered', async () => {
    const credentials = { username: 'canopy', password: 'toll', realm: 'office' };
    const { stack, port } = await open({ trunks: [{ ...trunk, credentials }] });
    const [caller, thief] = [await peerAt(TRUNK, port), await peerAt(VICTIM, port)];
    const contact = `${thief.address}:${thief.port}`;
    caller.send(caller.request('INVITE', { callId: 'bait', contact, sdp: OFFER }));
    const toTag = tagOf(await caller.final('bait'));
    caller.send(caller.request('ACK', { callId: 'bait', contact, toTag }));
    await eventually('the call is up', () => stack.calls[0]?.state === 'answered');
    const ended = stack.calls[0]?.hangUp();
    const bye = await thief.waitFor((text) => text.startsWith('BYE'));
    thief.answer(bye, '401 Unauthorized', [
      'WWW-Authenticate: Digest realm="office", nonce="mine", qop="auth"',
    ]);
    await ended;
    assert.deepEqual(
      thief.received.filter((text) => headerOf(text, 'Authorization') !== undefined),
      [],
    );
  });

  it('threat 57: challenges from the trunk’s own address are answered', async () => {
    const credentials = { username: 'canopy', password: 'toll', realm: 'office' };
    const { stack, port } = await open({ trunks: [{ ...trunk, credentials }] });
    const caller = await peerAt(TRUNK, port);
    const { callId } = { callId: 'honest' };
    caller.send(caller.request('INVITE', { callId, sdp: OFFER }));
    const toTag = tagOf(await caller.final(callId));
    caller.send(caller.request('ACK', { callId, toTag }));
    await eventually('the call is up', () => stack.calls[0]?.state === 'answered');
    const ended = stack.calls[0]?.hangUp();
    const bye = await caller.waitFor((text) => text.startsWith('BYE'));
    caller.answer(bye, '401 Unauthorized', [
      'WWW-Authenticate: Digest realm="office", nonce="own", qop="auth"',
    ]);
    const again = await caller.waitFor((text) => text.startsWith('BYE') && /^Authorization:/im.test(text));
    caller.answer(again, '200 OK');
    await ended;
  });

  it('threat 67: a phone can have the configured number of calls; more get 486 until one ends', async () => {
    const { stack, port } = await open({ maxCallsPerUser: 2 });
    const phone = await peerAt('127.0.0.20', port);
    const first = await callOf(phone, '1001', 'one');
    await callOf(phone, '1001', 'two');
    const refused = await phone.login('INVITE', '1001', PASSWORD, { sdp: OFFER });
    assert.match(refused, /^SIP\/2\.0 486 Too Many Calls/);
    const other = await peerAt('127.0.0.20', port);
    await callOf(other, '1002', 'neighbour');
    await phone.ask('BYE', { ...first, cseq: 3, from: '1001' });
    await callOf(phone, '1001', 'three');
    assert.equal(stack.counts.calls, 3);
  });

  it('threat 18: when silent to strangers, the stack answers those who name a user and those who recently logged in', async () => {
    const { port } = await open({ silent: true });
    const [scanner, phone] = [await peerAt(VICTIM, port), await peerAt('127.0.0.20', port)];
    for (const method of ['OPTIONS', 'INVITE', 'REGISTER', 'PUBLISH', 'BYE']) {
      scanner.send(scanner.request(method, { from: 'scanner', ...(method === 'BYE' && { toTag: 'none' }) }));
    }
    assert.match(await phone.login('REGISTER', '1001', PASSWORD, { user: '1001' }), /^SIP\/2\.0 200/);
    assert.match(await phone.ask('OPTIONS', { from: '1001' }), /^SIP\/2\.0 200/);
    assert.deepEqual(scanner.received, []);
  });

  it('a call from the registrar of a trunk belongs to it, and with two trunks there, to the one whose user is called', async () => {
    const { stack, port } = await open({
      trunks: ['sales', 'support'].map((id) => ({ id, uri: 'sip:127.0.0.6' })),
    });
    const provider = await peerAt('127.0.0.6', port);
    assert.match(await provider.ask('INVITE', { user: 'support', sdp: OFFER }), /^SIP\/2\.0 401/);
    for (const id of ['sales', 'support']) {
      const registration = stack.register({
        registrar: `sip:127.0.0.6:${provider.port}`,
        address: `sip:${id}@127.0.0.6`,
        trunk: id,
      });
      const from = provider.received.length;
      const register = await provider.waitFor((text) => text.startsWith('REGISTER'), from);
      provider.answer(register, '200 OK', ['Expires: 600']);
      await once(registration, 'registered');
    }
    const invited = once(stack, 'invite') as Promise<[IncomingCall]>;
    assert.match(await provider.ask('INVITE', { user: 'support', sdp: OFFER }), /^SIP\/2\.0 200/);
    assert.deepEqual((await invited)[0].identity, { kind: 'trunk', trunkId: 'support' });
    const elsewhere = await peerAt('127.0.0.7', port);
    assert.match(await elsewhere.ask('INVITE', { user: 'support', sdp: OFFER }), /^SIP\/2\.0 401/);
  });
});
