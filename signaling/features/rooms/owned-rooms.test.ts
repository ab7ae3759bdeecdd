import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Identity, parseInvitation } from '../../../client/sdk/index.ts';
import { type RoomChange, roomAction } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { Seat } from '../../../test/support/raw-call.ts';
import { eventually } from '../../../test/support/wait.ts';
import { readCalendar } from './read-calendar.ts';

interface Someone {
  identity: Identity;
  accountId: string;
  /** In no room. */
  client: ProtocolClient;
}

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
const MEETING = { startsAt: TOMORROW, durationMinutes: 45, timeZone: 'UTC' };

describe('rooms that people own', () => {
  let server: InProcessServer;
  let olga: Someone;
  let max: Someone;
  let ada: Someone;
  let turn = 0;
  /** Each test has its own room, which Olga owns. */
  let roomId = '';
  const clients: ProtocolClient[] = [];

  const connect = async (identity: Identity) => {
    const client = await ProtocolClient.enter(server.url, identity);
    clients.push(client);
    return client;
  };
  const person = async (options: Parameters<typeof newIdentity>[1]): Promise<Someone> => {
    const identity = await newIdentity(server, options);
    const client = await ProtocolClient.open(server.url);
    clients.push(client);
    const { accountId } = await client.get('auth.prove', await client.proof(identity));
    return { identity, accountId, client };
  };
  const guest = () => person({ role: 'guest', roomId, displayName: 'Gus' });
  const enter = async ({ identity }: Someone, more: { pin?: string } = {}) => {
    const client = await connect(identity);
    const joined = await client.get('room.join', { roomId, ...more });
    return { client, participantId: joined.participantId ?? '', joined };
  };
  const refusedEntry = async ({ identity }: Someone, more: { pin?: string } = {}) =>
    (await connect(identity)).refusal('room.join', { roomId, ...more });
  const configure = (change: RoomChange) => olga.client.get('room.configure', { roomId, ...change });
  const idsOf = async ({ client }: Someone, which: 'mine' | 'upcoming' | 'recent') =>
    (await client.get('room.list', { which })).rooms.map((room) => room.roomId);

  before(async () => {
    server = await InProcessServer.start();
    [olga, max, ada] = await Promise.all([
      person({ displayName: 'Olga' }),
      person({ displayName: 'Max' }),
      person({ role: 'admin', displayName: 'Ada' }),
    ]);
  });
  after(async () => {
    for (const client of clients) {
      client.close();
    }
    await server.close();
  });
  beforeEach(async () => {
    turn += 1;
    // Through the operator, since a person creates only so many.
    const { body } = await server.api('POST', '/api/rooms', {
      title: `Room ${turn}`,
      ownerId: olga.accountId,
    });
    ({ roomId } = body as { roomId: string });
  });

  it('a created room has a readable name that cannot be guessed, and its creator owns it whoever opens it', async () => {
    const room = await olga.client.get('room.create', { title: 'Wöchentliches Treffen: Team №1' });
    assert.match(room.roomId, /^wöchentliches-treffen-team-1-[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{3}$/);
    assert.equal(room.ownerId, olga.accountId);
    const instant = await olga.client.get('room.create', {});
    assert.match(instant.roomId, /^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{3}$/);
    roomId = instant.roomId;
    const { joined } = await enter(max);
    assert.deepEqual(
      joined.participants.map((each) => each.roomRole),
      ['moderator'],
    );
  });

  it('a name can be chosen unless it is taken, also by two people at once', async () => {
    const [first, second] = await Promise.all(
      [olga, max].map(({ client }) => client.ask('room.create', { roomId: 'all-hands' })),
    );
    assert.deepEqual([first, second].map((answer) => (answer?.ok ? 'ok' : answer?.error.code)).sort(), [
      'ROOM_EXISTS',
      'ok',
    ]);
    assert.equal(await max.client.refusal('room.create', { roomId }), 'ROOM_EXISTS');
  });

  it('threat 5: guests and bridges create no rooms, and nobody but owners and admins deletes one or hands it over', async () => {
    const gus = await guest();
    const bridge = await person({ role: 'bridge' });
    for (const { client } of [gus, bridge]) {
      assert.equal(await client.refusal('room.create', { title: 'Mine' }), 'FORBIDDEN');
    }
    for (const { client } of [gus, bridge, max]) {
      assert.equal(await client.refusal('room.delete', { roomId }), 'FORBIDDEN');
    }
    const inside = await enter(max);
    const { participantId } = inside;
    assert.equal(await inside.client.refusal('room.handOver', { participantId }), 'FORBIDDEN');
    inside.client.close();
    assert.deepEqual(await ada.client.get('room.delete', { roomId }), {});
  });

  it('threat 4: rooms cannot be created without end', async () => {
    const eager = await person({ displayName: 'Eager' });
    const codes = new Set<string>();
    for (let n = 0; n < 25; n += 1) {
      const answer = await eager.client.ask('room.create', {});
      codes.add(answer.ok ? 'ok' : answer.error.code);
    }
    assert.deepEqual([...codes], ['ok', 'RATE_LIMITED']);
  });

  it('threat 4: lists cannot be asked for without end', async () => {
    const eager = await person({ displayName: 'Eager' });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => eager.client.ask('room.list', { which: 'recent' })),
    );
    const codes = new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error.code)));
    assert.deepEqual([...codes], ['ok', 'RATE_LIMITED']);
  });

  describe('lists', () => {
    it('show what one owns or has a role in, page by page, latest first', async () => {
      const tina = await person({ displayName: 'Tina' });
      const own: string[] = [];
      for (const title of ['One', 'Two', 'Three']) {
        own.unshift((await tina.client.get('room.create', { title })).roomId);
      }
      await tina.client.get('room.create', {});
      await configure({ roles: { [tina.accountId]: 'viewer' } });
      const all = await tina.client.get('room.list', { which: 'mine' });
      assert.deepEqual(
        new Set(all.rooms.map((room) => room.roomId)),
        new Set([...own, roomId]),
        'an instant meeting without a title is not listed',
      );
      assert.equal(all.rooms.find((room) => room.roomId === roomId)?.role, 'viewer');
      const pages: string[] = [];
      for (let after: string | undefined; ; ) {
        const { rooms } = await tina.client.get('room.list', {
          which: 'mine',
          limit: 2,
          ...(after !== undefined && { after }),
        });
        pages.push(...rooms.map((room) => room.roomId));
        after = rooms.at(-1)?.roomId;
        if (rooms.length < 2) {
          break;
        }
      }
      assert.deepEqual(
        pages,
        all.rooms.map((room) => room.roomId),
      );
      await configure({ roles: { [tina.accountId]: null } });
      assert.ok(!(await idsOf(tina, 'mine')).includes(roomId));
    });

    it('threat 5: show no room of others, and no title of a room that one may not enter any more', async () => {
      const vera = await person({ displayName: 'Vera' });
      const seat = await enter(vera);
      await seat.client.get('room.leave', {});
      await configure({ title: 'Salaries', schedule: MEETING, permissions: { moderator: ['room.enter'] } });
      assert.deepEqual(await idsOf(vera, 'mine'), []);
      assert.deepEqual(await idsOf(vera, 'upcoming'), []);
      const { rooms } = await vera.client.get('room.list', { which: 'recent' });
      assert.deepEqual(
        rooms.map((room) => [room.roomId, room.title, room.schedule]),
        [[roomId, null, undefined]],
      );
      assert.equal(await vera.client.refusal('room.invitation', { roomId }), 'FORBIDDEN');
    });

    it('show recent rooms with the latest visit first, once each, for guests too', async () => {
      const gus = await guest();
      const tom = await person({ displayName: 'Tom' });
      const first = roomId;
      for (const room of [first, 'elsewhere', first]) {
        roomId = room;
        const { client } = await enter(tom);
        await client.get('room.leave', {});
      }
      const { client } = await enter(gus);
      await client.get('room.leave', {});
      assert.deepEqual(await idsOf(tom, 'recent'), [first, 'elsewhere']);
      assert.deepEqual(await idsOf(gus, 'recent'), [first]);
      const { rooms } = await tom.client.get('room.list', { which: 'recent', after: first });
      assert.deepEqual(
        rooms.map((room) => room.roomId),
        ['elsewhere'],
      );
    });

    it('show upcoming meetings, the next first, until they are cancelled', async () => {
      const uma = await person({ displayName: 'Uma' });
      const schedule = (startsAt: string, more = {}) =>
        uma.client.get('room.create', { title: startsAt, schedule: { ...MEETING, startsAt, ...more } });
      const past = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 16);
      await schedule(past);
      const weekly = await schedule(past, { repeats: 'weekly' });
      const tomorrow = await schedule(TOMORROW);
      assert.deepEqual(await idsOf(uma, 'upcoming'), [tomorrow.roomId, weekly.roomId]);
      await uma.client.get('room.configure', { roomId: tomorrow.roomId, schedule: null });
      assert.deepEqual(await idsOf(uma, 'upcoming'), [weekly.roomId]);
      const { ics } = await uma.client.get('room.invitation', { roomId: tomorrow.roomId });
      assert.match(ics, /\r\nSEQUENCE:1\r\n/);
      assert.match(ics, /\r\nSTATUS:CANCELLED\r\n/);
    });
  });

  describe('a locked room', () => {
    it('threat 5: admits nobody new, but owners, appointed moderators, and whoever was inside', async () => {
      const gus = await guest();
      const tom = await person({ displayName: 'Tom' });
      const seat = await enter(max);
      const leaving = await enter(tom);
      await configure({ locked: true });
      await seat.client.event('room.changed', ({ room }) => room.locked);
      assert.equal(await refusedEntry(gus), 'ROOM_LOCKED');
      await leaving.client.get('room.leave', {});
      // A reload of the page is not a new person.
      await enter(tom);
      await enter(olga);
      await enter(ada);
      const late = await person({ displayName: 'Late' });
      assert.equal(await refusedEntry(late), 'ROOM_LOCKED');
      await configure({ roles: { [late.accountId]: 'moderator' } });
      await enter(late);
    });

    it('threat 5: whoever is removed from it stays out after the five minutes, too', async () => {
      const inside = await enter(max);
      await configure({ locked: true });
      const owner = await enter(olga);
      await owner.client.get('participant.kick', { participantId: inside.participantId });
      await owner.client.get('participant.readmit', { accountId: max.accountId });
      assert.equal(await refusedEntry(max), 'ROOM_LOCKED');
    });

    it('threat 5: moderators lock and unlock it from inside only', async () => {
      const gus = await guest();
      const seat = await enter(max);
      await seat.client.get('room.configure', { roomId, locked: true });
      assert.equal(await refusedEntry(gus), 'ROOM_LOCKED');
      const tom = await person({ displayName: 'Tom' });
      assert.equal(await tom.client.refusal('room.configure', { roomId, locked: false }), 'FORBIDDEN');
      assert.equal(
        await seat.client.refusal('room.configure', { roomId, locked: false, title: 'Mine' }),
        'FORBIDDEN',
      );
      await seat.client.get('room.configure', { roomId, locked: false });
      await enter(gus);
    });

    it('threat 64: a moderator who was removed neither unlocks nor locks it from outside', async () => {
      const owner = await enter(olga);
      const tom = await person({ displayName: 'Tom' });
      await configure({ locked: true, roles: { [tom.accountId]: 'moderator' } });
      await tom.client.get('room.configure', { roomId, locked: true });
      const { participantId } = await enter(tom);
      await owner.client.get('participant.kick', { participantId });
      const again = await ProtocolClient.enter(server.url, tom.identity);
      assert.equal(await again.refusal('room.configure', { roomId, locked: false }), 'FORBIDDEN');
      await owner.client.get('participant.readmit', { accountId: tom.accountId });
      await again.get('room.configure', { roomId, locked: false });
      again.close();
    });

    it('threat 5: keeps out who is joining at the moment it is locked', async () => {
      await enter(olga);
      const tom = await person({ displayName: 'Tom' });
      const [worker] = await server.sfu.workers();
      for (let tries = 0; tries < 5; tries += 1) {
        const client = await connect(tom.identity);
        // The join waits for the worker while the room is being locked.
        process.kill(worker?.pid ?? 0, 'SIGSTOP');
        let answer: Awaited<ReturnType<ProtocolClient['ask']>>;
        try {
          const joining = client.ask('room.join', { roomId });
          await configure({ locked: true });
          process.kill(worker?.pid ?? 0, 'SIGCONT');
          answer = await joining;
        } finally {
          process.kill(worker?.pid ?? 0, 'SIGCONT');
        }
        if (!answer.ok) {
          assert.equal(answer.error.code, 'ROOM_LOCKED');
          return;
        }
        // It was inside before the lock applied: nobody is locked out of a seat.
        await client.get('room.leave', {});
        await configure({ locked: false });
      }
    });

    it('threat 58: keeps out phones that call in; those that are called come in', async () => {
      const bridge = await enter(await person({ role: 'bridge' }));
      await configure({ locked: true });
      const phone = { displayName: 'Office', kind: 'phone' } as const;
      assert.equal(
        await bridge.client.refusal('participant.add', { ...phone, pinGiven: true }),
        'ROOM_LOCKED',
      );
      await bridge.client.get('participant.add', { ...phone, callState: 'dialing' });
      assert.equal(await refusedEntry(await person({ role: 'bridge' })), 'ROOM_LOCKED');
    });
  });

  describe('a PIN', () => {
    it('is asked of guests without a role, once per meeting, and of nobody else', async () => {
      const gus = await guest();
      const vip = await guest();
      await configure({ pin: '246810', roles: { [vip.accountId]: 'speaker' } });
      assert.equal(await refusedEntry(gus), 'PIN_REQUIRED');
      assert.equal(await refusedEntry(gus, { pin: '111111' }), 'PIN_WRONG');
      await enter(gus, { pin: '246810' });
      await enter(gus);
      for (const someone of [vip, max, olga]) {
        await enter(someone);
      }
      const { joined } = await enter(ada);
      assert.equal(joined.parts.room.hasPin, true);
      const room = await configure({});
      assert.equal(room.hasPin, true);
      assert.ok(!JSON.stringify(room).includes('246810') && !('pinHash' in room));
      await configure({ pin: null });
      await enter(await guest());
    });

    it('threat 58: cannot be guessed: few tries per account, even at once, and a right one counts not', async () => {
      const gus = await guest();
      await configure({ pin: '246810' });
      const all = await Promise.all(Array.from({ length: 12 }, () => connect(gus.identity)));
      const codes = await Promise.all(
        all.map((client, n) => client.refusal('room.join', { roomId, pin: String(100_000 + n) })),
      );
      assert.deepEqual(
        [
          codes.filter((code) => code === 'PIN_WRONG').length,
          codes.filter((code) => code === 'RATE_LIMITED').length,
        ],
        [5, 7],
      );
      assert.equal(await refusedEntry(gus, { pin: '246810' }), 'RATE_LIMITED');
      for (let n = 0; n < 7; n += 1) {
        const { client } = await enter(await guest(), { pin: '246810' });
        client.close();
      }
    });

    it('threat 58: is asked of phones by the gateway; a number that asks for none does not lead into the room', async () => {
      const bridge = await enter(await person({ role: 'bridge' }));
      await configure({ pin: '246810' });
      const phone = { displayName: 'Office', kind: 'phone' } as const;
      assert.equal(await bridge.client.refusal('participant.add', phone), 'PIN_REQUIRED');
      await bridge.client.get('participant.add', { ...phone, pinGiven: true });
      await bridge.client.get('participant.add', { ...phone, callState: 'dialing' });
    });
  });

  describe('a limit', () => {
    it('threat 5: of two people who join at once, one gets the last seat; owners may exceed it', async () => {
      const others = await Promise.all([guest(), guest()]);
      await enter(max);
      await configure({ maxParticipants: 2 });
      const joins = await Promise.all(
        others.map(async ({ identity }) => (await connect(identity)).ask('room.join', { roomId })),
      );
      assert.deepEqual(joins.map((answer) => (answer.ok ? 'ok' : answer.error.code)).sort(), [
        'ROOM_FULL',
        'ok',
      ]);
      await enter(olga);
      await configure({ maxParticipants: null });
      await enter(await guest());
    });

    it('counts phones, which also count people', async () => {
      const bridge = await enter(await person({ role: 'bridge' }));
      const phone = { displayName: 'Office', kind: 'phone' } as const;
      await configure({ maxParticipants: 2 });
      await bridge.client.get('participant.add', phone);
      await enter(max);
      assert.equal(await bridge.client.refusal('participant.add', phone), 'ROOM_FULL');
      assert.equal(await refusedEntry(await guest()), 'ROOM_FULL');
    });

    it('is 25 unless the owner chose another', async () => {
      const bridge = await enter(await person({ role: 'bridge' }));
      const phone = { displayName: 'Office', kind: 'phone' } as const;
      for (let n = 0; n < 25; n += 1) {
        await bridge.client.get('participant.add', phone);
      }
      assert.equal(await bridge.client.refusal('participant.add', phone), 'ROOM_FULL');
    });
  });

  describe('a time-out', () => {
    it('keeps an empty room open with its log, until the server drains', async () => {
      await configure({ emptyTimeout: 3600 });
      const first = await enter(max);
      const { logId } = first.joined.log;
      await first.client.get('room.leave', {});
      const second = await enter(max);
      assert.equal(second.joined.log.logId, logId);
      await second.client.get('room.leave', {});
      // A refused join does not end the empty room.
      await configure({ locked: true, permissions: { moderator: [] } });
      assert.equal(await refusedEntry(max), 'FORBIDDEN');
      const third = await enter(olga);
      assert.equal(third.joined.log.logId, logId);
      await third.client.get('room.leave', {});
      await configure({ emptyTimeout: null });
      assert.notEqual((await enter(olga)).joined.log.logId, logId);
    });

    it('ends a room that was empty for so long', async () => {
      await configure({ emptyTimeout: 1 });
      const first = await enter(max);
      await first.client.get('room.leave', {});
      const isOpen = async () => {
        const { body } = await server.api('GET', '/api/rooms');
        return JSON.stringify(body).includes(roomId);
      };
      assert.ok(await isOpen());
      await eventually('the room ends', isOpen, (open) => !open);
    });

    it('keeps the seat of somebody who lost their connection for so long', async () => {
      await configure({ departureTimeout: 1 });
      const owner = await enter(olga);
      const seat = await Seat.take(server.url, max.identity, roomId);
      await seat.client.cut();
      const cutAtMs = performance.now();
      const left = await owner.client.event(
        'participant.left',
        (event) => event.participantId === seat.participantId,
      );
      const afterMs = performance.now() - cutAtMs;
      assert.equal(left.reason, 'lost');
      assert.ok(afterMs > 500 && afterMs < 5000, `${afterMs} ms`);
    });
  });

  it('an owner hands the room over to a member inside, not to a guest', async () => {
    const owner = await enter(olga);
    const seat = await enter(max);
    const gus = await enter(await guest());
    assert.equal(
      await owner.client.refusal('room.handOver', { participantId: gus.participantId }),
      'FORBIDDEN',
    );
    await owner.client.get('room.handOver', { participantId: seat.participantId });
    await gus.client.event(
      'participant.updated',
      ({ participant }) => participant.accountId === max.accountId && participant.roomRole === 'owner',
    );
    assert.equal(await owner.client.refusal('room.configure', { roomId, title: 'Still mine' }), 'FORBIDDEN');
    const room = await max.client.get('room.configure', { roomId });
    assert.deepEqual([room.ownerId, room.roles], [max.accountId, { [olga.accountId]: 'moderator' }]);
  });

  it('the defaults are those of the server', async () => {
    const { permissions, ...others } = await max.client.get('room.defaults', {});
    assert.deepEqual(others, {
      ...{ maxParticipants: 25, departureTimeout: 30 },
      ...{ recordingVideo: 'off', recordingVideoLayout: 'speaker' },
    });
    assert.deepEqual(permissions.moderator, roomAction.options);
    assert.ok(permissions.speaker.includes('media.send') && !permissions.viewer.includes('media.send'));
  });

  it('everyone inside learns of a new title, and newcomers get it', async () => {
    const seat = await enter(max);
    await configure({ title: 'Retro' });
    const { room } = await seat.client.event('room.changed');
    assert.deepEqual(room, { title: 'Retro', locked: false, hasPin: false, maxParticipants: null });
    await configure({ roles: { [max.accountId]: 'speaker' } });
    await configure({ title: 'Review' });
    await seat.client.event('room.changed', (event) => event.room.title === 'Review');
    assert.equal(seat.client.count('room.changed'), 2, 'only what they see');
    assert.deepEqual((await enter(olga)).joined.parts.room, { ...room, title: 'Review' });
  });

  describe('deletion', () => {
    it('disconnects the people inside and leaves nothing behind: settings, roles, PINs, visits, rights of guests', async () => {
      const gus = await guest();
      await configure({ pin: '246810', schedule: MEETING, roles: { [max.accountId]: 'moderator' } });
      await server.api('PUT', `/api/rooms/${encodeURIComponent(roomId)}/pin`, { pin: '13579113' });
      const open = await server.invite({ role: 'guest', roomId });
      const seat = await enter(max);
      const { ics } = await olga.client.get('room.delete', { roomId });
      assert.equal(await seat.client.ended(), 'ROOM_DELETED');
      assert.match(ics ?? '', /STATUS:CANCELLED/);
      assert.match(ics ?? '', /SEQUENCE:1/);
      for (const which of ['mine', 'upcoming', 'recent'] as const) {
        assert.ok(!(await idsOf(max, which)).includes(roomId), which);
        assert.ok(!(await idsOf(olga, which)).includes(roomId), which);
      }
      // Somebody else may use the name; nothing of before applies.
      const { roomRole } = (await enter(ada)).joined.participants[0] ?? {};
      assert.equal(roomRole, 'owner');
      assert.equal(await refusedEntry(gus), 'FORBIDDEN');
      const { body } = await server.api('GET', '/api/sip/pins');
      assert.ok(!JSON.stringify(body).includes(roomId));
      const { secret = '' } = parseInvitation(open) ?? {};
      assert.equal(await max.client.refusal('invite.redeem', { secret }), 'INVITE_EXPIRED');
      const room = await ada.client.get('room.configure', { roomId });
      assert.deepEqual([room.title, room.roles, room.schedule], [null, {}, undefined]);
    });

    it('answers an owner who is inside, too', async () => {
      await configure({ schedule: MEETING });
      const owner = await enter(olga);
      const { ics } = await owner.client.get('room.delete', { roomId });
      assert.match(ics ?? '', /STATUS:CANCELLED/);
      assert.equal(await owner.client.ended(), 'ROOM_DELETED');
    });

    it('threat 5: does not let in who is joining at that moment, and the room does not come back', async () => {
      const [worker] = await server.sfu.workers();
      const client = await connect(max.identity);
      process.kill(worker?.pid ?? 0, 'SIGSTOP');
      try {
        const joining = client.ask('room.join', { roomId });
        await client.get('session.ping', {});
        await olga.client.get('room.delete', { roomId });
        process.kill(worker?.pid ?? 0, 'SIGCONT');
        const answer = await joining.catch(() => undefined);
        if (answer?.ok) {
          // It began after the deletion: then this is a new room.
          const { participants, parts } = answer.result as Awaited<ReturnType<typeof enter>>['joined'];
          assert.deepEqual([participants[0]?.roomRole, parts.room.title], ['owner', null]);
        } else if (answer) {
          assert.equal(answer.error.code, 'ROOM_DELETED');
        }
      } finally {
        process.kill(worker?.pid ?? 0, 'SIGCONT');
      }
      const { body } = await server.api('GET', `/api/rooms/${encodeURIComponent(roomId)}/settings`);
      assert.equal((body as { title: unknown }).title, null);
    });
  });

  describe('an invitation', () => {
    it('opens in calendars, with the link, the number to dial and the description', async () => {
      await server.api('PUT', '/api/sip/dial-plan', {
        rules: [{ pattern: '4930123456', action: { type: 'room', roomId, pin: '1234567' } }],
      });
      await configure({
        title: 'Planung',
        schedule: { ...MEETING, timeZone: 'Europe/Berlin', description: 'Bitte pünktlich' },
      });
      const { ics } = await max.client.get('room.invitation', { roomId });
      const event = readCalendar(ics).at(-1);
      assert.equal(event?.SUMMARY, 'Planung');
      const { links } = await max.client.get('link.list', { roomId });
      const link = links[0]?.url ?? '';
      assert.ok(link.startsWith(`${server.url}/#/join/`));
      assert.equal(event.LOCATION, link);
      const again = await max.client.get('room.invitation', { roomId });
      assert.equal(readCalendar(again.ics).at(-1)?.LOCATION, link);
      assert.equal(event.DESCRIPTION, `Bitte pünktlich\n\n${link}\n\n☎ 4930123456, PIN 1234567#`);
      const rest = await fetch(`${server.url}/api/rooms/${encodeURIComponent(roomId)}/invitation.ics`);
      assert.equal(rest.status, 401);
    });

    it('threat 38: has no line of its own and no reordered text from the description', async () => {
      const description = '\u202egnp.exe\r\nBEGIN:VALARM\u2028END:VALARM';
      await configure({ schedule: { ...MEETING, description } });
      const { ics } = await max.client.get('room.invitation', { roomId });
      assert.match(ics, /DESCRIPTION:gnp\.exe\\nBEGIN:VALARM\\nEND:VALARM/);
      assert.doesNotMatch(ics, /^(BEGIN|END):VALARM/m);
    });

    it('does not exist for a room without a meeting', async () => {
      assert.equal(await olga.client.refusal('room.invitation', { roomId }), 'NOT_FOUND');
    });
  });

  it('the operator creates, lists and deletes rooms', async () => {
    const created = await server.api('POST', '/api/rooms', {
      title: 'Board',
      ownerId: max.accountId,
      maxParticipants: 5,
      schedule: MEETING,
    });
    assert.equal(created.status, 200);
    const board = created.body as { roomId: string };
    const { body } = await server.api('GET', `/api/saved-rooms?ownerId=${max.accountId}&limit=1`);
    assert.deepEqual(body, { rooms: [created.body] });
    const next = await server.api('GET', `/api/saved-rooms?ownerId=${max.accountId}&after=${board.roomId}`);
    assert.ok(!JSON.stringify(next.body).includes(board.roomId));
    assert.ok((await idsOf(max, 'upcoming')).includes(board.roomId));
    const deleted = await server.api('DELETE', `/api/saved-rooms/${board.roomId}`);
    assert.equal(deleted.status, 200);
    assert.ok(!(await idsOf(max, 'mine')).includes(board.roomId));
    assert.equal((await server.api('POST', '/api/rooms', { pin: '12' })).status, 400);
    assert.equal((await server.api('GET', '/api/saved-rooms', undefined, 'wrong')).status, 401);
  });
});
