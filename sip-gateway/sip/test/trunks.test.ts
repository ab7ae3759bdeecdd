import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type IncomingCall, SdpSession, SipStack, TrunkFullError } from '../index.ts';
import { phoneSdp, RawPhone } from './raw-phone.ts';

const LOCAL = { address: '127.0.0.1', port: 7000, codecs: ['PCMU', 'PCMA'] as const };
const CREDENTIALS = { username: 'canopy1', password: 'secret', realm: 'provider.example' };

describe('trunks', () => {
  let stack: SipStack;
  let provider: RawPhone;

  beforeEach(async () => {
    stack = await SipStack.create({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      users: { realm: 'canopy.test', lookup: (name) => (name === '1001' ? 'secret' : undefined) },
      timers: { t1: 50, t2: 400, t4: 500 },
    });
    provider = await RawPhone.udp(stack.bound[0]?.local.port ?? 0, '127.0.0.6');
    stack.setTrunks([
      {
        id: 'office',
        uri: `sip:127.0.0.6:${provider.port}`,
        domain: 'provider.example',
        credentials: CREDENTIALS,
      },
    ]);
  });
  afterEach(async () => {
    await stack.close(0);
    provider.close();
  });

  const callOut = () =>
    stack.invite(
      { trunk: 'office', number: '+15550100' },
      { sdp: new SdpSession().offer(LOCAL), from: { user: 'canopy1' } },
    );

  async function register() {
    const registration = stack.register({
      registrar: `sip:127.0.0.6:${provider.port}`,
      address: 'sip:canopy1@provider.example',
      trunk: 'office',
      credentials: CREDENTIALS,
    });
    const registered = once(registration, 'registered');
    provider.answer(await provider.request('REGISTER'), '200 OK', { tag: 'r', contact: null });
    await registered;
    return registration;
  }

  it('the From of our calls is our registered address at the trunk', async () => {
    await register();
    const [registered] = provider.received;
    const placed = await callOut();
    const invite = await provider.request('INVITE');
    assert.match(invite.headers.get('from') ?? '', /^<sip:canopy1@provider\.example>;tag=/);
    assert.match(registered?.headers.get('from') ?? '', /^<sip:canopy1@provider\.example>;tag=/);
    provider.answer(invite, '486 Busy Here', { tag: 'a' });
    await once(placed, 'end');
  });

  it('if a proxy and the far end both require credentials, requests carry both', async () => {
    const challenge = (name: string, nonce: string) =>
      `${name}: Digest realm="provider.example", nonce="${nonce}", algorithm=MD5, qop="auth"`;
    const placed = await callOut();
    const answered = once(placed, 'answered');
    provider.answer(await provider.request('INVITE'), '407 Proxy Authentication Required', {
      tag: 'a',
      headers: [challenge('Proxy-Authenticate', 'one')],
    });
    const second = await provider.request('INVITE');
    assert.match(second.headers.get('proxy-authorization') ?? '', /nonce="one"/);
    provider.answer(second, '401 Unauthorized', {
      tag: 'b',
      headers: [challenge('WWW-Authenticate', 'two')],
    });
    const third = await provider.request('INVITE');
    assert.match(third.headers.get('authorization') ?? '', /nonce="two"/);
    assert.match(third.headers.get('proxy-authorization') ?? '', /nonce="one".*nc=00000002/);
    provider.answer(third, '200 OK', { tag: 'c', sdp: phoneSdp() });
    await provider.request('ACK');
    await answered;
    const hungUp = placed.hangUp();
    const bye = await provider.request('BYE');
    assert.match(bye.headers.get('authorization') ?? '', /nonce="two"/);
    assert.match(bye.headers.get('proxy-authorization') ?? '', /nonce="one"/);
    provider.answer(bye, '200 OK');
    await hungUp;
  });

  it('threat 18: refused credentials are not sent again', async () => {
    const headers = [
      'WWW-Authenticate: Digest realm="provider.example", nonce="one", algorithm=MD5, qop="auth"',
    ];
    const placed = await callOut();
    const end = once(placed, 'end');
    for (const tag of ['a', 'b']) {
      provider.answer(await provider.request('INVITE'), '401 Unauthorized', { tag, headers });
    }
    assert.equal((await end)[0].status, 401);
    assert.equal(provider.count('INVITE'), 2);
  });

  it('while we are registered, calls from the registrar belong to the trunk; before and after, they are challenged', async () => {
    const challenged = async () => {
      const dialog = provider.invite({ dialled: '100', sdp: phoneSdp() });
      provider.ackRefusal(dialog, await provider.response(401, 'INVITE'));
    };
    await challenged();
    const registration = await register();
    for (const from of ['<sip:+4930222@127.0.0.6>', '<sip:1001@127.0.0.6>']) {
      const invited = once(stack, 'invite');
      const dialog = provider.invite({ dialled: 'canopy1', from, sdp: phoneSdp() });
      const [call] = (await invited) as [IncomingCall];
      assert.deepEqual(call.identity, { kind: 'trunk', trunkId: 'office' });
      call.reject(486);
      provider.ackRefusal(dialog, await provider.response(486));
    }
    // A phone of ours behind the same address must still authenticate.
    const phone = provider.invite({ dialled: '100', from: '<sip:1001@127.0.0.6>', sdp: phoneSdp() });
    provider.ackRefusal(phone, await provider.response(401, 'INVITE'));
    const stranger = await RawPhone.udp(stack.bound[0]?.local.port ?? 0, '127.0.0.7');
    try {
      const dialog = stranger.invite({ dialled: 'canopy1', sdp: phoneSdp() });
      stranger.ackRefusal(dialog, await stranger.response(401, 'INVITE'));
    } finally {
      stranger.close();
    }
    const closed = registration.close();
    provider.answer(await provider.request('REGISTER'), '200 OK', { tag: 's', contact: null });
    await closed;
    await challenged();
  });

  it('threat 19: a trunk has a number of calls per second in each direction, which a change of settings does not reset', async () => {
    const limited = (maxCalls: number) =>
      stack.setTrunks([
        {
          id: 'office',
          uri: `sip:127.0.0.6:${provider.port}`,
          peers: ['127.0.0.6'],
          maxCalls,
          callsPerSecond: 2,
        },
      ]);
    stack.on('invite', (call) => call.reject(486));
    limited(100);
    for (const status of [486, 486, 503]) {
      const dialog = provider.invite({ dialled: '100', sdp: phoneSdp() });
      const refusal = await provider.response(status, 'INVITE');
      provider.ackRefusal(dialog, refusal);
      assert.equal(refusal.headers.get('retry-after'), status === 503 ? '1' : undefined);
    }
    for (let placed = 0; placed < 2; placed += 1) {
      const ended = once(await callOut(), 'end');
      provider.answer(await provider.request('INVITE'), '486 Busy Here', { tag: 'a' });
      await ended;
    }
    limited(99);
    await assert.rejects(callOut(), TrunkFullError);
  });
});
