import assert from 'node:assert/strict';
import { type EventEmitter, once as onceOf } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import {
  type Binding,
  type Call,
  type IncomingCall,
  MemoryBindings,
  SdpSession,
  SipStack,
  saveBinding,
  systemClock,
} from '../index.ts';
import { phoneSdp, type RawDialog, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU'] as const };
// biome-ignore lint/suspicious/noExplicitAny: events of every emitter
const once = (emitter: EventEmitter<any>, event: string): Promise<any[]> =>
  onceOf(emitter, event, { signal: AbortSignal.timeout(8000) });
const CONTACT = '<sip:bob@192.168.77.10:5060>';

describe('registrations after a restart', () => {
  const open = new Set<{ close(): unknown }>();
  afterEach(async () => {
    // Clients first: they unregister.
    for (const each of [...open].reverse()) {
      await each.close();
    }
    open.clear();
  });

  /** A stack that is a registrar; `port`: that of the one before. */
  async function start(port = 0, store = new MemoryBindings()): Promise<{ stack: SipStack; port: number }> {
    const stack = await SipStack.create({
      listen: (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address: '127.0.0.1', port })),
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'bob' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
      registrar: { store, minSeconds: 1 },
    });
    open.add(stack);
    return { stack, port: stack.bound[0]?.local.port ?? 0 };
  }

  const saved = (bindings: readonly Binding[]) =>
    bindings.flatMap((binding) => saveBinding(binding, systemClock) ?? []);

  it('a phone on UDP rings where it registered, and its registration goes on', async () => {
    const first = await start();
    const phone = await RawPhone.udp(first.port);
    open.add(phone);
    await phone.register('bob', `${CONTACT};q=0.5;+sip.instance="<urn:uuid:1>"`);
    const kept = JSON.parse(JSON.stringify(saved(first.stack.registrar.lookup('bob'))));
    await first.stack.close();

    const { stack } = await start(first.port);
    stack.restoreBindings('bob', kept);
    const [binding] = stack.registrar.lookup('bob');
    assert.equal(binding?.q, 0.5);
    assert.equal(binding.instance, '"<urn:uuid:1>"');
    assert.ok(Math.abs(binding.expiresAt - systemClock.now() - 300_000) < 5000);
    const call = await stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
    const invite = await phone.request('INVITE');
    assert.equal(invite.uri.scheme === 'sip' && invite.uri.host, '192.168.77.10');
    const ended = once(call, 'end');
    phone.answer(invite, '486 Busy Here', { tag: 'a' });
    await ended;

    await phone.register('bob', CONTACT);
    assert.equal(stack.registrar.lookup('bob').length, 1, 'the refresh replaced it');
  });

  it('a phone whose connection ended, an expired one and an unreadable one are not tried', async () => {
    const first = await start();
    const phone = await RawPhone.tcp(first.stack.bound[1]?.local.port ?? 0);
    open.add(phone);
    await phone.register('bob', '<sip:bob@127.0.0.1:5060;transport=tcp>');
    assert.deepEqual(saved(first.stack.registrar.lookup('bob')), []);
    const other = await RawPhone.udp(first.port);
    open.add(other);
    await other.register('bob', CONTACT);
    const [whole] = saved(first.stack.registrar.lookup('bob'));
    assert.ok(whole);
    await first.stack.close();

    const { stack } = await start(first.port);
    stack.restoreBindings('bob', [
      { ...whole, expiresAtMs: Date.now() - 1 },
      { ...whole, contact: 'sip:' },
    ]);
    assert.deepEqual(stack.registrar.lookup('bob'), []);
    await assert.rejects(stack.invite({ user: 'bob' }, {}), { name: 'NoRouteError' });
  });

  it('our registration at a PBX goes on with its Call-ID and a higher CSeq, and counts until it expires', async () => {
    const store = new MemoryBindings();
    const pbx = await start(0, store);
    const options = {
      registrar: `sip:127.0.0.1:${pbx.port}`,
      address: 'sip:bob@canopy.test',
      credentials: { username: 'bob', password: 'secret', realm: 'canopy.test' },
    };
    const before = await start();
    const first = before.stack.register(options);
    const [{ expiresSeconds }] = await once(first, 'registered');
    const state = first.save(expiresSeconds);
    assert.deepEqual(state.addresses, ['127.0.0.1']);
    const [binding] = store.get('bob');
    // Nothing is unregistered: the process was killed. A second one of it runs at another port here.
    const after = await start();
    const second = after.stack.register({ ...options, saved: state });
    assert.equal(second.state, 'registered');
    assert.ok(second.isAt('127.0.0.1'), 'before the PBX has answered');
    await once(second, 'registered');
    const continued = store.get('bob').at(-1);
    assert.equal(continued?.callId, binding?.callId);
    assert.ok(continued && binding && continued.sequence > binding.sequence);
    const third = after.stack.register({ ...options, saved: { ...state, expiresAtMs: Date.now() - 1 } });
    assert.equal(third.state, 'registering');
  });
});

describe('calls after a restart', () => {
  const open = new Set<{ close(): unknown }>();
  afterEach(async () => {
    for (const each of [...open].reverse()) {
      await each.close();
    }
    open.clear();
  });

  const start = async (port = 0) => {
    const stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port }],
      users: {
        realm: 'canopy.test',
        lookup: (user) => (user === 'bob' ? 'secret' : undefined),
        algorithms: ['MD5'],
      },
    });
    open.add(stack);
    return { stack, port: stack.bound[0]?.local.port ?? 0 };
  };
  /** Ends a stack at once. The phone ignores its BYE: a killed process sends none. */
  const kill = (stack: SipStack) => stack.close(1);

  for (const direction of ['incoming', 'outgoing'] as const) {
    it(`an ${direction} call goes on: the phone changes the session, refers, is asked, and hangs up`, async () => {
      const before = await start();
      const phone = await RawPhone.udp(before.port);
      open.add(phone);
      await phone.register('bob', CONTACT);
      const session = new SdpSession();
      let dialog: RawDialog;
      let to: string | undefined;
      let call: Call;
      if (direction === 'incoming') {
        const invited = once(before.stack, 'invite');
        dialog = await phone.inviteAs('bob', {
          contact: CONTACT,
          sdp: phoneSdp(),
          headers: ['Supported: timer', 'Session-Expires: 1800;refresher=uac', 'Allow: UPDATE, INVITE'],
        });
        const [incoming] = (await invited) as [IncomingCall];
        incoming.accept(session.answer(incoming.offer ?? '', LOCAL).sdp);
        to = (await phone.response(200, 'INVITE')).headers.get('to');
        phone.within(dialog, to, 'ACK');
        await once(incoming, 'confirmed');
        call = incoming;
      } else {
        const outgoing = await before.stack.invite({ user: 'bob' }, { sdp: session.offer(LOCAL) });
        const invite = await phone.request('INVITE');
        const answered = once(outgoing, 'answered');
        phone.answer(invite, '200 OK', { tag: 'a', contact: CONTACT, sdp: phoneSdp() });
        await phone.request('ACK');
        await answered;
        session.readAnswer(outgoing.remoteSdp ?? '');
        to = invite.headers.get('from');
        dialog = {
          from: `${invite.headers.get('to')};tag=a`,
          uri: `sip:canopy@127.0.0.1:${before.port}`,
          callId: invite.callId,
          contact: CONTACT,
          sentBy: undefined,
          sequence: 1,
        };
        call = outgoing;
      }
      const saved = structuredClone({
        call: call.save(),
        sdp: session.save(),
        phones: before.stack.registrar
          .lookup('bob')
          .flatMap((binding) => saveBinding(binding, systemClock) ?? []),
      });
      assert.ok(saved.call && saved.sdp);
      await kill(before.stack);

      const { stack } = await start(before.port);
      stack.restoreBindings('bob', saved.phones);
      const again = stack.restoreCall(saved.call);
      const continued = SdpSession.restore(saved.sdp);
      assert.equal(again.state, 'answered');
      assert.equal(again.direction, direction);
      assert.deepEqual(again.identity, { kind: 'user', username: 'bob' });
      assert.equal(again.remoteUser, call.remoteUser);
      assert.equal(stack.counts.dialogs, 1);

      again.on('offer', (offer) => offer.accept(continued.answer(offer.sdp ?? '', LOCAL).sdp));
      phone.within(dialog, to, 'INVITE', { sdp: phoneSdp('m=audio 40002 RTP/AVP 0\r\n') });
      const changed = await phone.response(200, 'INVITE');
      const origin = /^o=\S+ (\d+) (\d+) /m;
      const [, id, version] = origin.exec(call.localSdp ?? '') ?? [];
      const [, sameId, later] = origin.exec(changed.body.toString()) ?? [];
      assert.equal(sameId, id);
      assert.ok(Number(later) >= Number(version));
      phone.within(dialog, to, 'ACK');

      const asked = again.info('text/x-test', Buffer.from('x'));
      const info = await phone.request('INFO');
      assert.ok(info.cseq.number > 100, 'numbers that may have been used are skipped');
      phone.answer(info, '200 OK');
      assert.equal(await asked, 200);

      const ended = once(again, 'end');
      phone.within(dialog, to, 'BYE');
      await phone.response(200, 'BYE');
      assert.deepEqual((await ended)[0], { cause: 'remote' });
      assert.equal(stack.counts.dialogs, 0);
    });
  }

  it('a call that the phone has ended in the meantime ends when it is asked', async () => {
    const before = await start();
    const phone = await RawPhone.udp(before.port);
    open.add(phone);
    await phone.register('bob', CONTACT);
    const outgoing = await before.stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
    phone.answer(await phone.request('INVITE'), '200 OK', { tag: 'a', contact: CONTACT, sdp: phoneSdp() });
    await once(outgoing, 'answered');
    const saved = outgoing.save();
    assert.ok(saved);
    await kill(before.stack);
    const { stack } = await start(before.port);
    const again = stack.restoreCall(saved);
    const ended = once(again, 'end');
    const confirmed = again.confirm();
    phone.answer(await phone.request('OPTIONS'), '481 Call/Transaction Does Not Exist');
    await confirmed;
    assert.deepEqual((await ended)[0], { cause: 'remote' });
  });

  it('a caller who waits for an answer gets it from the next process, in the same dialog', async () => {
    const before = await start();
    const phone = await RawPhone.udp(before.port);
    open.add(phone);
    await phone.register('bob', CONTACT);
    const invited = once(before.stack, 'invite');
    const dialog = await phone.inviteAs('bob', { contact: CONTACT, sdp: phoneSdp() });
    const [incoming] = (await invited) as [IncomingCall];
    incoming.ring();
    const ringing = await phone.response(180, 'INVITE');
    const saved = structuredClone(incoming.saveInvite());
    assert.ok(saved);
    await kill(before.stack);
    assert.equal(incoming.saveInvite(), undefined);

    const { stack } = await start(before.port);
    const again = stack.restoreInvite(saved);
    assert.ok(again);
    assert.deepEqual(again.identity, { kind: 'user', username: 'bob' });
    assert.equal(again.dialled, incoming.dialled);
    again.accept(new SdpSession().answer(again.offer ?? '', LOCAL).sdp);
    const accepted = await phone.response(200, 'INVITE');
    assert.equal(accepted.headers.get('to'), ringing.headers.get('to'));
    assert.equal(accepted.headers.get('via'), ringing.headers.get('via'));
    const confirmed = once(again, 'confirmed');
    phone.within(dialog, accepted.headers.get('to'), 'ACK');
    await confirmed;
    const ended = once(again, 'end');
    phone.within(dialog, accepted.headers.get('to'), 'BYE');
    await phone.response(200, 'BYE');
    assert.deepEqual((await ended)[0], { cause: 'remote' });
  });

  it('a caller who waits can still give up, and be refused', async () => {
    for (const ends of ['487', '503'] as const) {
      const before = await start();
      const phone = await RawPhone.udp(before.port);
      open.add(phone);
      await phone.register('bob', CONTACT);
      const invited = once(before.stack, 'invite');
      const dialog = await phone.inviteAs('bob', { contact: CONTACT, sdp: phoneSdp() });
      const [incoming] = (await invited) as [IncomingCall];
      const saved = incoming.saveInvite();
      assert.ok(saved);
      await kill(before.stack);
      const { stack } = await start(before.port);
      const again = stack.restoreInvite(saved);
      const ended = once(again ?? assert.fail(), 'end');
      if (ends === '487') {
        phone.cancel(dialog);
        await phone.response(200, 'CANCEL');
      } else {
        again?.reject(503);
      }
      await phone.response(Number(ends), 'INVITE');
      assert.equal((await ended)[0].cause, ends === '487' ? 'cancelled' : 'local');
    }
  });

  it('a phone that rings is cancelled by the next process; if it was answered meanwhile, the call is ended', async () => {
    for (const isAnswered of [false, true]) {
      const before = await start();
      const phone = await RawPhone.udp(before.port);
      open.add(phone);
      await phone.register('bob', CONTACT);
      const call = await before.stack.invite({ user: 'bob' }, { sdp: new SdpSession().offer(LOCAL) });
      const invite = await phone.request('INVITE');
      const rings = once(call, 'progress');
      phone.answer(invite, '180 Ringing', { tag: 'a' });
      await rings;
      const [saved] = structuredClone(call.saveInvites());
      assert.ok(saved);
      await kill(before.stack);
      // The process before has sent one too, since it was not really killed.
      await phone.request('CANCEL');

      const { stack } = await start(before.port);
      stack.cancelInvite(saved);
      const cancel = await phone.request('CANCEL');
      assert.equal(cancel.headers.get('via'), invite.headers.get('via'));
      assert.match(cancel.headers.get('reason') ?? '', /cause=503/);
      phone.answer(cancel, '200 OK', { tag: 'a' });
      if (isAnswered) {
        phone.answer(invite, '200 OK', { tag: 'a', contact: CONTACT, sdp: phoneSdp() });
        await phone.request('ACK');
        phone.answer(await phone.request('BYE'), '200 OK');
      } else {
        phone.answer(invite, '487 Request Terminated', { tag: 'a' });
        await phone.request('ACK');
      }
      assert.equal(stack.counts.dialogs, 0);
    }
  });

  it('nothing is saved of a call while its session is being changed', async () => {
    const { stack, port } = await start();
    const phone = await RawPhone.udp(port);
    open.add(phone);
    await phone.register('bob', CONTACT);
    const session = new SdpSession();
    const call = await stack.invite({ user: 'bob' }, { sdp: session.offer(LOCAL) });
    assert.equal(call.save(), undefined);
    phone.answer(await phone.request('INVITE'), '200 OK', { tag: 'a', contact: CONTACT, sdp: phoneSdp() });
    await once(call, 'answered');
    assert.ok(call.save());
    const changed = call.reinvite(session.offer({ ...LOCAL, direction: 'sendonly' }));
    const invite = await phone.request('INVITE');
    assert.equal(call.save(), undefined);
    phone.answer(invite, '200 OK', { contact: CONTACT, sdp: phoneSdp() });
    await changed;
    const over = call.hangUp();
    phone.answer(await phone.request('BYE'), '200 OK');
    await over;
  });
});
