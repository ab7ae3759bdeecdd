/**
 * Two phones behind a NAT, in a process in the server's namespace: one calls a room, the other is called into it, and they hear each other
 * through rounds of hold and resume. Arguments: the command prefix for the phones' namespace, as JSON; the number of rounds; the length of
 * a round, in seconds.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { NatNetwork } from '../support/nat-network.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { PjsuaPhone } from '../support/pjsua-phone.ts';
import { eventually } from '../support/wait.ts';

const [prefix = '[]', rounds = '1', roundSeconds = '0'] = process.argv.slice(2);
const command = JSON.parse(prefix) as string[];
const CALLER_HZ = 700;
const CALLED_HZ = 1_100;

const phones = await PhoneServer.start({ host: NatNetwork.serverAddress });
const started: PjsuaPhone[] = [];
try {
  await phones.addPhones('1001', '1002');
  await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
  const server = `${NatNetwork.serverAddress}:${phones.sipPort}`;
  const [callerAddress, calledAddress] = NatNetwork.phoneAddresses;
  const common = { server, password: PHONE_PASSWORD, codecs: ['PCMU/8000/1'], command };
  const caller = await PjsuaPhone.start({
    ...common,
    username: '1001',
    address: callerAddress,
    toneHz: CALLER_HZ,
  });
  started.push(caller);
  const called = await PjsuaPhone.start({
    ...common,
    username: '1002',
    address: calledAddress,
    toneHz: CALLED_HZ,
  });
  started.push(called);

  await caller.call('100');
  await phones.server.api('POST', '/api/sip/calls', { target: '1002', roomId: 'team' });
  await called.isIn('CONFIRMED');
  const allHear = () => Promise.all([caller.hears(CALLED_HZ), called.hears(CALLER_HZ)]);
  await allHear();
  for (let round = 0; round < Number(rounds); round++) {
    for (const phone of [caller, called]) {
      await phone.hold(true);
      await delay(1_000);
      await phone.hold(false);
      await allHear();
    }
    await delay(Number(roundSeconds) * 1_000);
    assert.ok(!caller.hasEnded && !called.hasEnded, 'both calls go on');
    await allHear();
  }

  // The server's BYE must reach the phone that it called, and the caller's BYE the server.
  const calls = await phones.calls();
  const outgoing = calls.find(({ direction }) => direction === 'outgoing');
  assert.ok(outgoing);
  await phones.server.api('DELETE', `/api/sip/calls/${outgoing.callId}`);
  await called.isIn('DISCONNECTED');
  caller.hangUp();
  await caller.isIn('DISCONNECTED');
  await eventually(
    'both calls have ended',
    () => phones.calls(),
    (all) => all.every(({ endedAtMs }) => endedAtMs !== null),
  );
  await phones.untilIdle();
} finally {
  for (const phone of started) {
    await phone.stop();
  }
  await phones.close();
}
