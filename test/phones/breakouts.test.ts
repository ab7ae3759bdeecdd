// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';

const ROOM = 'team';
const PHONES = [
  { name: 'Phone 1001', user: '1001', toneHz: 700 },
  { name: 'Phone 1002', user: '1002', toneHz: 1100 },
] as const;

describe('phones and breakout rooms', () => {
  let server: PhoneServer;
  let moderator: ProtocolClient;
  const phones: Baresip[] = [];

  before(async () => {
    server = await PhoneServer.start({ flags: ['--workers', '1'] });
    await server.addPhones(...PHONES.map(({ user }) => user));
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    moderator = await ProtocolClient.enter(
      server.server.url,
      await newIdentity(server.server, { role: 'member', displayName: 'Moderator' }),
    );
    await moderator.get('room.join', { roomId: ROOM });
  });
  after(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    moderator.close();
    await server.close();
  });

  /** Waits until the phones are in these rooms. */
  const where = (...rooms: Array<string | undefined>) =>
    moderator.event('breakout.changed', ({ breakouts }) =>
      PHONES.every(({ name }, index) => {
        const found = breakouts.people.filter(({ displayName }) => displayName === name);
        return found.length === 1 && found[0]?.at === rooms[index];
      }),
    );

  it('a phone goes along: into the room that it is assigned to, into another one, and back', async () => {
    for (const { user, toneHz, name } of PHONES) {
      const phone = await server.phone(user, { codecs: 'PCMU/8000/1', toneHz });
      phones.push(phone);
      phone.command('dial', server.uri('100'));
      await moderator.event('participant.joined', ({ participant }) => participant.displayName === name);
    }
    const [first, second] = phones as [Baresip, Baresip];
    await Promise.all([first.hears(1100), second.hears(700)]);
    await moderator.get('breakout.plan', { names: ['One', 'Two'], assign: 'even' });
    const { breakouts } = await moderator.event('breakout.changed', (event) =>
      event.breakouts.people.some(({ kind, assigned }) => kind === 'phone' && assigned !== null),
    );
    const assigned = PHONES.map(
      ({ name }) => breakouts.people.find(({ displayName }) => displayName === name)?.assigned ?? '',
    );
    assert.equal(new Set(assigned).size, 2, 'they are split');
    await moderator.get('room.configure', { roomId: ROOM, locked: true });
    await moderator.get('breakout.open', {});
    const moved = await where(...assigned);
    const other = moved.breakouts.people.find(({ displayName }) => displayName === PHONES[1].name);
    assert.ok(other);
    assert.equal(other.assigned, assigned[1]);
    await moderator.get('breakout.assign', { personId: other.personId, roomId: assigned[0] ?? null });
    await where(assigned[0], assigned[0]);
    await Promise.all([first.hears(1100), second.hears(700)]);
    await moderator.get('breakout.close', {});
    // Although the main room is locked: they were in it.
    await where(ROOM, ROOM);
    await Promise.all([first.hears(1100), second.hears(700)]);
    const calls = await server.calls();
    assert.deepEqual(
      calls.map(({ roomId, endedAtMs }) => [roomId, endedAtMs]),
      [
        [ROOM, null],
        [ROOM, null],
      ],
    );
  });
});
