/**
 * Two phones with ICE, in a process in the server's namespace: PJSIP behind a NAT, baresip with DTLS-SRTP beside the server. Both call a room, then both are
 * called into it, and they hear each other, also after kill -9 of the gateway. Argument: the command prefix for the NAT's namespace, as JSON.
 */
import assert from 'node:assert/strict';
import type { Baresip } from '../support/baresip.ts';
import { NatNetwork } from '../support/nat-network.ts';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { PjsuaPhone } from '../support/pjsua-phone.ts';
import { eventually } from '../support/wait.ts';

const PJSIP_HZ = 700;
const BARESIP_HZ = 1_100;
const PCMU = 'PCMU/8000/1';

const host = NatNetwork.serverAddress;
const server = await PhoneServer.start({ host, flags: ['--log-level', 'debug'] });
let pjsua: PjsuaPhone | undefined;
let baresip: Baresip | undefined;
try {
  await server.addPhone('1001', { ice: 'offer' });
  await server.addPhone('1002', { ice: 'offer', srtp: 'required', keying: 'dtls' });
  await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
  pjsua = await PjsuaPhone.start({
    username: '1001',
    password: PHONE_PASSWORD,
    server: `${host}:${server.sipPort}`,
    address: NatNetwork.phoneAddresses[0],
    ice: true,
    toneHz: PJSIP_HZ,
    codecs: [PCMU],
    command: JSON.parse(process.argv[2] ?? '[]') as string[],
  });
  baresip = await server.phone('1002', {
    codecs: PCMU,
    account: ';medianat=ice;mediaenc=dtls_srtp',
    host,
    toneHz: BARESIP_HZ,
  });

  const hearEachOther = () => Promise.all([pjsua?.hears(BARESIP_HZ), baresip?.hears(PJSIP_HZ)]);
  /** The nominations in the gateway's log: addresses and components. */
  const nominations = () =>
    [
      ...server.server.log.matchAll(/"to":"([^"]+)","port":\d+,"component":(\d),"msg":"address nominated/g),
    ].map(([, to, component]) => `${to} ${component}`);
  const ended = (count: number) =>
    eventually(
      'the calls have ended',
      () => server.calls(),
      (all) => all.length === count && all.every(({ endedAtMs }) => endedAtMs !== null),
    );
  /** Both go on hearing each other when the gateway is killed. */
  const survive = async () => {
    // What is saved of the calls is a second old at most.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await server.killGateway(2);
    await hearEachOther();
  };
  // PJSIP's own address is behind the NAT: its checks come from the router. It needs no second component.
  const expected = ['203.0.113.1 1', '203.0.113.1 2', '203.0.113.2 1'];

  await pjsua.call('100');
  baresip.command('dial', server.uri('100'));
  await baresip.waitFor('CALL_ESTABLISHED');
  await hearEachOther();
  await survive();
  // The credentials, the keys and the fingerprint are those of before.
  await pjsua.hold(true);
  await pjsua.hold(false);
  await hearEachOther();
  assert.deepEqual([...new Set(nominations())].sort(), expected);
  pjsua.hangUp();
  await pjsua.isIn('DISCONNECTED');
  baresip.command('hangup');
  await ended(2);

  const before = nominations().length;
  for (const target of ['1001', '1002']) {
    await server.server.api('POST', '/api/sip/calls', { target, roomId: 'team' });
  }
  await pjsua.isIn('CONFIRMED');
  await baresip.waitFor('CALL_INCOMING');
  baresip.command('accept');
  await hearEachOther();
  assert.deepEqual([...new Set(nominations().slice(before))].sort(), expected);
  await survive();
  assert.deepEqual(server.server.log.match(/.*STUN message that is not authentic.*/g), null);
  pjsua.hangUp();
  baresip.command('hangup');
  await ended(4);
  await server.untilIdle();
} finally {
  await pjsua?.stop();
  await baresip?.stop();
  await server.close();
}
