import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DnsServer } from '../../../test/support/dns-server.ts';
import { type ContactState, type OutgoingCall, SdpSession, SipStack, type TrunkOptions } from '../index.ts';
import type { SipRequest } from '../message/index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
const T1_MS = 50;

describe('ways to a trunk', () => {
  let dns: DnsServer;
  let stack: SipStack;
  let one: RawPhone;
  let two: RawPhone;

  beforeEach(async () => {
    dns = await DnsServer.start();
    stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      timers: { t1: T1_MS, t2: 400, t4: 500 },
      dns: dns.lookups,
    });
    const port = stack.bound[0]?.local.port ?? 0;
    one = await RawPhone.udp(port, '127.0.0.6');
    two = await RawPhone.udp(port, '127.0.0.7');
  });
  afterEach(async () => {
    await stack.close(0);
    one.close();
    two.close();
    dns.close();
  });

  const trunk = (options: Partial<TrunkOptions>) =>
    stack.setTrunks([{ id: 'provider', uri: 'sip:provider.test', ...options }]);
  const call = (): Promise<OutgoingCall> =>
    stack.invite(
      { trunk: 'provider', number: '+4930222' },
      { sdp: new SdpSession().offer(LOCAL), from: { user: 'canopy' } },
    );
  const uriOf = (peer: RawPhone) => `sip:${peer.address}:${peer.port}`;

  /** The peer refuses the call. */
  async function refused(peer: RawPhone, placed: OutgoingCall): Promise<SipRequest> {
    const ended = once(placed, 'end');
    const invite = await peer.request('INVITE');
    peer.answer(invite, '486 Busy Here', { tag: 'r' });
    await ended;
    return invite;
  }

  /** Two hosts by SRV, the first one preferred. */
  function twoHosts(): void {
    dns.srv('_sip._udp.provider.test', 'one.provider.test', one.port, 10, 1);
    dns.srv('_sip._udp.provider.test', 'two.provider.test', two.port, 20, 1);
    dns.a('one.provider.test', one.address);
    dns.a('two.provider.test', two.address);
  }

  it('a host of SRV records that does not answer is passed over soon; if it answers late, its call is ended', async () => {
    twoHosts();
    trunk({});
    const startedMs = performance.now();
    const placed = await call();
    const late = await one.request('INVITE');
    const invite = await two.request('INVITE');
    assert.ok(performance.now() - startedMs < 40 * T1_MS, 'not only after timer B, 64 × T1');
    assert.equal(invite.callId, late.callId);
    assert.match(`${invite.headers.get('cseq')}`, /^2 INVITE/);
    two.answer(invite, '200 OK', { tag: 'b', sdp: phoneSdp() });
    await two.request('ACK');
    one.answer(late, '180 Ringing', { tag: 'a' });
    one.answer(await one.request('CANCEL'), '200 OK');
    one.answer(late, '200 OK', { tag: 'a', sdp: phoneSdp() });
    await one.request('ACK');
    one.answer(await one.request('BYE'), '200 OK');
    assert.equal(placed.state, 'answered');
    const hungUp = placed.hangUp();
    two.answer(await two.request('BYE'), '200 OK');
    await hungUp;
    // The dead host is tried last for a while.
    await refused(two, await call());
    assert.equal(one.count('INVITE') >= 1, true);
  });

  it('a host that is overloaded is passed over at once, for as long as it asks', async () => {
    twoHosts();
    trunk({});
    const placed = await call();
    one.answer(await one.request('INVITE'), '503 Service Unavailable', {
      tag: 'a',
      headers: ['Retry-After: 60'],
    });
    await refused(two, placed);
    await refused(two, await call());
    assert.equal(one.count('INVITE'), 1);
  });

  it('if all hosts fail, the call ends with the last failure', async () => {
    twoHosts();
    trunk({});
    const placed = await call();
    const ended = once(placed, 'end');
    one.answer(await one.request('INVITE'), '503 Service Unavailable', { tag: 'a' });
    two.answer(await two.request('INVITE'), '503 Service Unavailable', { tag: 'b' });
    assert.equal((await ended)[0].status, 503);
  });

  it('contacts are used by priority, and one that does not answer OPTIONS last', async () => {
    const states: Array<Pick<ContactState, 'uri' | 'state' | 'status'>> = [];
    stack.on('contact', ({ uri, state, status }) => states.push({ uri, state, status }));
    const contacts = [
      { uri: uriOf(one), priority: 1, weight: 1 },
      { uri: uriOf(two), priority: 2, weight: 1 },
    ];
    trunk({ contacts, pingSeconds: 60 });
    await refused(one, await call());
    two.answer(await two.request('OPTIONS'), '405 Method Not Allowed', { tag: 'o' });
    one.answer(await one.request('OPTIONS'), '503 Service Unavailable', { tag: 'o' });
    await once(stack, 'contact');
    if (states.length < 2) {
      await once(stack, 'contact');
    }
    assert.deepEqual(
      states.sort((a, b) => a.uri.localeCompare(b.uri)),
      [
        { uri: uriOf(one), state: 'down', status: 503 },
        { uri: uriOf(two), state: 'up', status: 405 },
      ],
    );
    const invite = await refused(two, await call());
    assert.equal(
      invite.uri.scheme === 'sip' && `${invite.uri.user}@${invite.uri.host}`,
      `+4930222@${two.address}`,
    );
    // A change of settings keeps the state; without pings, nothing is down.
    trunk({ contacts, pingSeconds: 30 });
    await refused(two, await call());
    assert.deepEqual(stack.contacts.map(({ state }) => state).sort(), ['down', 'up']);
    trunk({ contacts });
    await refused(one, await call());
    assert.deepEqual(stack.contacts, []);
  });

  it('calls go through the outbound proxy and the Service-Route of the registrar, and so do ACK and CANCEL', async () => {
    const proxy = uriOf(one);
    trunk({ uri: 'sip:provider.test', proxy });
    const registration = stack.register({
      registrar: 'sip:provider.test',
      address: 'sip:canopy@provider.test',
      trunk: 'provider',
      proxy,
    });
    const register = await one.request('REGISTER');
    assert.equal(register.headers.get('route'), `<${proxy};lr>`);
    assert.match(register.headers.get('supported') ?? '', /^path\b/);
    const registered = once(registration, 'registered');
    const serviceRoute = [`Service-Route: <sip:hop.test;lr>, <sip:${two.address}:${two.port};lr>`];
    one.answer(register, '200 OK', { tag: 'g', contact: null, headers: serviceRoute });
    await registered;
    const placed = await call();
    const ended = once(placed, 'end');
    const invite = await one.request('INVITE');
    const routes = [`<${proxy};lr>`, '<sip:hop.test;lr>', `<sip:${two.address}:${two.port};lr>`];
    assert.deepEqual(invite.headers.all('route'), routes);
    assert.equal(invite.uri.scheme === 'sip' && invite.uri.host, 'provider.test');
    one.answer(invite, '180 Ringing', { tag: 'a' });
    await once(placed, 'progress');
    void placed.hangUp();
    const cancel = await one.request('CANCEL');
    assert.deepEqual(cancel.headers.all('route'), routes);
    one.answer(cancel, '200 OK');
    one.answer(invite, '487 Request Terminated', { tag: 'a' });
    assert.deepEqual((await one.request('ACK')).headers.all('route'), routes);
    await ended;
    void registration.close();
    one.answer(await one.request('REGISTER'), '200 OK', { tag: 'g', contact: null });
  });

  it('threat 19: a Service-Route that is malformed or not loose is ignored', async () => {
    for (const value of ['<sip:hop.test>', '<tel:+4930;lr>', '<a b', 'x'.repeat(10)]) {
      trunk({ uri: uriOf(one) });
      const registration = stack.register({
        registrar: uriOf(one),
        address: 'sip:canopy@provider.test',
        trunk: 'provider',
      });
      const registered = once(registration, 'registered');
      const headers = [`Service-Route: ${value}`];
      one.answer(await one.request('REGISTER'), '200 OK', { tag: 'g', contact: null, headers });
      await registered;
      const invite = await refused(one, await call());
      assert.equal(invite.headers.get('route'), undefined, value);
      void registration.close();
      one.answer(await one.request('REGISTER'), '200 OK', { tag: 'g', contact: null });
    }
  });
});
