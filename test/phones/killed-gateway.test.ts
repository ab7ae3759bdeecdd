// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';

describe('a call survives kill -9 of the gateway', () => {
  let server: PhoneServer;

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones('1001');
    await server.addPhone('1002', { srtp: 'required' });
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
  });
  after(async () => {
    await server.finish();
  });

  /** Kills the gateway and waits until its successor has taken over this many calls. */
  async function kill(calls: number): Promise<void> {
    const continued = () => server.server.log.split('"call continued"').length - 1;
    const before = continued();
    process.kill(server.gatewayPid, 'SIGKILL');
    await eventually('the calls go on', continued, (now) => now === before + calls);
  }

  it('a plain one over UDP and an encrypted one over TLS, twice, in a room that is locked meanwhile', async () => {
    const phones: Baresip[] = [];
    const admin = await newIdentity(server.server, { role: 'admin', displayName: 'Ann' });
    const person = await ProtocolClient.enter(server.server.url, admin);
    await person.get('room.join', { roomId: ROOM });
    try {
      for (const [username, options] of [
        ['1001', { toneHz: 700 }],
        ['1002', { toneHz: 1100, protocol: 'tls', account: ';mediaenc=srtp-mand' }],
      ] as const) {
        const phone = await server.phone(username, { codecs: 'PCMU/8000/1', ...options });
        phones.push(phone);
        phone.command('dial', server.uri('100', username === '1002' ? 'tls' : 'udp'));
        await phone.waitFor('CALL_ESTABLISHED');
      }
      const [plain, encrypted] = phones as [Baresip, Baresip];
      await Promise.all([plain.hears(1100), encrypted.hears(700)]);
      await person.get('room.configure', { roomId: ROOM, locked: true });
      for (let round = 0; round < 2; round++) {
        // What is saved of the calls is a second old at most.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await kill(2);
        await Promise.all([plain.hears(1100), encrypted.hears(700)]);
      }
      const calls = await server.calls();
      assert.deepEqual(calls.map(({ endCause, encryption }) => [endCause, encryption]).sort(), [
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
});
