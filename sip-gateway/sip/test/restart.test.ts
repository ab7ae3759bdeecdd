import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { type Binding, MemoryBindings, SdpSession, SipStack, saveBinding, systemClock } from '../index.ts';
import { RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU'] as const };
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
