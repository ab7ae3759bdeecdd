import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { headerOf, SipPeer } from '../../test/support/sip-peer.ts';
import { type IncomingCall, SipStack } from '../sip/index.ts';
import type { CallHost } from './phone-call.ts';
import { restoreCall } from './restore-call.ts';
import type { SavedPhoneCall } from './saved-call.ts';

it('a caller who has waited for more than 32 s since the gateway was killed is refused, and may call again at once', async () => {
  const start = (port: number) =>
    SipStack.create({ listen: [{ protocol: 'udp', address: '127.0.0.1', port }], anonymousCalls: true });
  const killed = await start(0);
  const port = killed.bound[0]?.local.port ?? 0;
  const caller = await SipPeer.open('127.0.0.31', port);
  const invited = once(killed, 'invite') as Promise<[IncomingCall]>;
  caller.send(caller.request('INVITE', { user: '100', callId: 'waits' }));
  const state = (await invited)[0].saveInvite();
  await killed.close(1);
  const stack = await start(port);
  try {
    assert.ok(state);
    const now = Date.now();
    const saved = { callId: 'waits', state, startedAtMs: now - 34_000, savedAtMs: now - 33_000 };
    // Refusing needs nothing of the gateway but its stack.
    await restoreCall({ stack } as CallHost, saved as unknown as SavedPhoneCall);
    const refusal = await caller.waitFor((text) => text.startsWith('SIP/2.0 503 '));
    assert.match(headerOf(refusal, 'Reason') ?? '', /cause=503/);
    // With Retry-After, a provider would send us no calls for that time (RFC 3261 §21.5.4).
    assert.equal(headerOf(refusal, 'Retry-After'), undefined);
    caller.send(caller.request('ACK', { user: '100', callId: 'waits' }));
  } finally {
    caller.close();
    await stack.close();
  }
});
