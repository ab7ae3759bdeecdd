import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PHONE_PASSWORD, PhoneServer } from '../support/phone-server.ts';
import { noPjsua, PjsuaPhone } from '../support/pjsua-phone.ts';
import { TonePerson } from '../support/tone-person.ts';

const HELD_MS = 15 * 60_000;
const ROOM = 'held';

it('an encrypted call (SRTP) that was held for 15 minutes is resumed, and both ends hear each other', {
  skip: noPjsua,
}, async () => {
  const server = await PhoneServer.start({ flags: ['--workers', '1'] });
  await server.addPhone('2001', { srtp: 'required' });
  await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
  const person = await TonePerson.enter(server.server, ROOM, 1100);
  const phone = await PjsuaPhone.start({
    username: '2001',
    password: PHONE_PASSWORD,
    server: `127.0.0.1:${server.tlsPort}`,
    transport: 'tls',
    srtp: 'mandatory',
    address: '127.0.0.1',
    toneHz: 700,
    codecs: ['PCMU/8000/1'],
  });
  const hearEachOther = () => Promise.all([person.hears(700, PhoneServer.voiceLevelDb), phone.hears(1100)]);
  try {
    await phone.call('100');
    await hearEachOther();
    await phone.hold(true);
    await sleep(HELD_MS);
    const [call] = await server.calls();
    assert.equal(call?.endedAtMs, null);
    assert.equal(call?.encryption, 'sdes');
    await phone.hold(false);
    await hearEachOther();
    phone.hangUp();
    await phone.isIn('DISCONNECTED');
  } finally {
    await phone.stop();
    await person.leave();
    await server.close();
  }
});
