// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

/** Two phones for each room, which hear each other. */
const PHONES = [
  { username: '1001', number: '100', toneHz: 700 },
  { username: '1002', number: '100', toneHz: 1100, protocol: 'tls', account: ';mediaenc=srtp-mand' },
  { username: '1003', number: '101', toneHz: 700, account: ';mediaenc=dtls_srtp' },
  {
    username: '1004',
    number: '101',
    toneHz: 1100,
    account: ';mediaenc=dtls_srtp;medianat=ice;rtcp_mux=yes',
  },
] as const;

const PIN = '471108';

describe('calls survive kill -9 of the gateway', () => {
  let server: PhoneServer;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001');
    await server.addPhone('1002', { srtp: 'required' });
    await server.addPhone('1003', { srtp: 'required', keying: 'dtls' });
    await server.addPhone('1004', { srtp: 'required', keying: 'dtls' });
    await server.setDialPlan([
      { pattern: '100', action: { type: 'room', roomId: 'team' } },
      { pattern: '101', action: { type: 'room', roomId: 'other' } },
      { pattern: '200', action: { type: 'pin' } },
    ]);
    await server.server.api('PUT', '/api/rooms/asked/pin', { pin: PIN });
  });
  after(async () => {
    await server.finish();
  });

  it('plain ones, and with SDES, DTLS-SRTP and ICE, twice, in a room that is locked meanwhile', async () => {
    const phones: Baresip[] = [];
    const admin = await newIdentity(server.server, { role: 'admin', displayName: 'Ann' });
    const person = await ProtocolClient.enter(server.server.url, admin);
    await person.get('room.join', { roomId: 'team' });
    try {
      for (const { username, number, ...options } of PHONES) {
        const phone = await server.phone(username, { codecs: 'PCMU/8000/1', ...options });
        phones.push(phone);
        phone.command('dial', server.uri(number, 'protocol' in options ? options.protocol : 'udp'));
        await phone.waitFor('CALL_ESTABLISHED');
      }
      const allHear = () => Promise.all(phones.map((phone, index) => phone.hears(index % 2 ? 700 : 1100)));
      await allHear();
      await person.get('room.configure', { roomId: 'team', locked: true });
      for (let round = 0; round < 2; round++) {
        // What is saved of the calls is a second old at most.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await server.killGateway(phones.length);
        await allHear();
      }
      const calls = await server.calls();
      assert.deepEqual(calls.map(({ endCause, encryption }) => [endCause, encryption]).sort(), [
        [null, 'dtls'],
        [null, 'dtls'],
        [null, 'none'],
        [null, 'sdes'],
      ]);
      for (const phone of phones) {
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      }
      await eventually(
        'the calls have ended',
        () => server.calls(),
        (ended) => ended.every(({ endCause }) => endCause === 'remote'),
      );
    } finally {
      await Promise.all(phones.map((phone) => phone.stop()));
      await person.get('room.leave', {});
      person.close();
    }
  });

  it('a caller who is asked for a PIN is asked again, and gets in', async () => {
    const phone = await server.phone('1001', { codecs: 'PCMU/8000/1' });
    const admin = await newIdentity(server.server, { role: 'admin', displayName: 'Ann' });
    const person = await ProtocolClient.enter(server.server.url, admin);
    await person.get('room.join', { roomId: 'asked' });
    try {
      phone.command('dial', server.uri('200'));
      await phone.waitFor('CALL_ESTABLISHED');
      phone.press(PIN.slice(0, 3));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await server.killGateway(1);
      phone.press(PIN);
      await person.event('participant.joined', ({ participant }) => participant.kind === 'phone');
    } finally {
      phone.command('hangup');
      await phone.waitFor('CALL_CLOSED');
      await phone.stop();
      await person.get('room.leave', {});
      person.close();
    }
  });
});
