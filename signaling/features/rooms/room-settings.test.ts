import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseInvitation } from '../../../client/sdk/index.ts';
import { type RoomChange, type RoomDescription, roomAction, roomRole } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newPerson, ProtocolClient, type Someone } from '../../../test/support/protocol-client.ts';
import { Seat } from '../../../test/support/raw-call.ts';
import { opus } from '../../../test/support/rtp-parameters.ts';

describe('the settings of a room', () => {
  let server: InProcessServer;
  let owner: Someone;
  let member: Someone;
  let admin: Someone;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start();
    [owner, member, admin] = await Promise.all([
      person({ displayName: 'Olga' }),
      person({ displayName: 'Max' }),
      person({ role: 'admin', displayName: 'Ada' }),
    ]);
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const enter = async ({ identity }: Someone) => {
    const client = await ProtocolClient.enter(server.url, identity);
    const joined = await client.get('room.join', { roomId });
    return { client, participantId: joined.participantId ?? '', participants: joined.participants };
  };
  const person = (options: Parameters<typeof newPerson>[1]) => newPerson(server, options);
  const guestOf = (room: string) => person({ role: 'guest', roomId: room, displayName: 'Gus' });
  const operate = async (change: RoomChange | undefined, status = 200) => {
    const answer = await server.api(
      change ? 'PATCH' : 'GET',
      `/api/rooms/${encodeURIComponent(roomId)}/settings`,
      change,
    );
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    return answer.body as RoomDescription;
  };
  const close = (...all: Array<{ client: ProtocolClient }>) => {
    for (const { client } of all) {
      client.close();
    }
  };

  it('the roster shows roles: the opener and admins are owners, members moderators, guests and phones speakers', async () => {
    const olga = await enter(owner);
    const others = [await enter(member), await enter(await guestOf(roomId)), await enter(admin)];
    const bridge = await enter(await person({ role: 'bridge' }));
    await bridge.client.get('participant.add', { displayName: 'Office', kind: 'phone' });
    const last = await enter(await guestOf(roomId));
    assert.deepEqual(
      last.participants.map(({ roomRole }) => roomRole),
      ['owner', 'moderator', 'speaker', 'owner', 'speaker', 'speaker'],
    );
    assert.equal((await operate(undefined)).ownerId, owner.accountId);
    close(olga, ...others, bridge, last);
  });

  it('an owner gives a guest a role, which applies at once to those inside', async () => {
    const guest = await guestOf(roomId);
    const olga = await enter(owner);
    const max = await enter(member);
    const gus = await enter(guest);
    const mute = { participantId: max.participantId, muted: true };
    assert.equal(await gus.client.refusal('participant.mute', mute), 'FORBIDDEN');
    const change = {
      roomId,
      title: 'Team \u202emeeting',
      roles: { [guest.accountId]: 'moderator' as const },
    };
    const now = await olga.client.get('room.configure', change);
    assert.equal(now.title, 'Team meeting');
    await max.client.event(
      'participant.updated',
      ({ participant }) => participant.accountId === guest.accountId && participant.roomRole === 'moderator',
    );
    await gus.client.get('participant.mute', mute);
    assert.deepEqual(await olga.client.get('room.configure', { roomId }), await operate(undefined));
    close(olga, max, gus);
  });

  it('somebody who becomes a viewer is silenced at once, and cannot send until their role allows it again', async () => {
    const olga = await enter(owner);
    const max = await Seat.take(server.url, member.identity, roomId);
    const producerId = await max.produce();
    await olga.client.get('room.configure', { roomId, roles: { [member.accountId]: 'viewer' } });
    await olga.client.event('producer.paused', (event) => event.producerId === producerId);
    await max.client.event('participant.action', ({ action }) => action === 'mute');
    assert.equal(await max.client.refusal('producer.resume', { producerId }), 'FORBIDDEN');
    const camera = { transportId: max.send, kind: 'audio', source: 'screen-audio', rtpParameters: opus() };
    assert.equal(await max.client.refusal('producer.create', camera), 'FORBIDDEN');
    await olga.client.get('room.configure', { roomId, roles: { [member.accountId]: null } });
    await max.client.get('producer.resume', { producerId });
    close(olga, max);
  });

  it('a viewer stays silent even if the worker is resuming their microphone or creating their producer', async () => {
    const olga = await enter(owner);
    const max = await Seat.take(server.url, member.identity, roomId);
    const producerId = await max.produce();
    await max.client.get('producer.pause', { producerId });
    const music = {
      transportId: max.send,
      kind: 'audio',
      source: 'screen-audio',
      rtpParameters: { ...opus(), mid: '1' },
    };
    const [worker] = await server.sfu.workers();
    process.kill(worker?.pid ?? 0, 'SIGSTOP');
    try {
      const resuming = max.client.ask('producer.resume', { producerId });
      const producing = max.client.ask('producer.create', music);
      // Requests of a connection are begun in their order.
      await max.client.get('session.ping', {});
      await olga.client.get('room.configure', { roomId, roles: { [member.accountId]: 'viewer' } });
      process.kill(worker?.pid ?? 0, 'SIGCONT');
      for (const answer of await Promise.all([resuming, producing])) {
        assert.equal(answer.ok || answer.error.code, 'FORBIDDEN');
      }
      const ada = await ProtocolClient.enter(server.url, admin.identity);
      const { producers } = await ada.get('room.join', { roomId });
      assert.deepEqual(
        producers.map((producer) => [producer.producerId, producer.paused]),
        [[producerId, true]],
      );
      ada.close();
    } finally {
      process.kill(worker?.pid ?? 0, 'SIGCONT');
    }
    close(olga, max);
  });

  it('a room can be for invited people only: those inside stay and may return, and nobody invites themselves', async () => {
    const olga = await enter(owner);
    const max = await Seat.take(server.url, member.identity, roomId);
    const permissions = { moderator: ['room.enter' as const, 'room.invite' as const] };
    await olga.client.get('room.configure', { roomId, permissions });
    await max.client.cut();
    const back = await ProtocolClient.enter(server.url, member.identity);
    const joined = await back.get('room.join', { roomId, resume: { peerId: max.peerId } });
    assert.equal(joined.resumed, true);
    await back.get('room.leave', {});
    assert.equal(await back.refusal('room.join', { roomId }), 'FORBIDDEN');
    assert.equal(await back.refusal('invite.create', { role: 'guest', roomId }), 'FORBIDDEN');
    await olga.client.get('room.configure', { roomId, roles: { [member.accountId]: 'speaker' } });
    await back.get('room.join', { roomId });
    assert.equal(await back.refusal('invite.create', { role: 'guest', roomId }), 'FORBIDDEN');
    const ada = await enter(admin);
    const guest = await enter(await guestOf(roomId));
    close(olga, { client: back }, ada, guest);
  });

  it('threat 5: whoever knows the PIN stays out of a room that speakers may not enter; phones that are called come in', async () => {
    const olga = await enter(owner);
    const bridge = await enter(await person({ role: 'bridge' }));
    const caller = { displayName: 'Office', kind: 'phone', callState: 'answered' } as const;
    await bridge.client.get('participant.add', caller);
    await olga.client.get('room.configure', { roomId, permissions: { speaker: [] } });
    assert.equal(await bridge.client.refusal('participant.add', caller), 'FORBIDDEN');
    await bridge.client.get('participant.add', { ...caller, callState: 'dialing' });
    close(olga, bridge);
  });

  it('a room can stay closed until somebody who may open it arrives', async () => {
    await operate({ permissions: { speaker: ['room.enter'] } });
    const client = await ProtocolClient.enter(server.url, (await guestOf(roomId)).identity);
    assert.equal(await client.refusal('room.join', { roomId }), 'FORBIDDEN');
    const max = await enter(member);
    await client.get('room.join', { roomId });
    close(max, { client });
  });

  it('the operator reads and changes rooms that are not open, and resets them', async () => {
    const fresh = { roomId, ownerId: null, title: null, permissions: {}, roles: {} };
    assert.deepEqual(await operate(undefined), fresh);
    const permissions = { speaker: ['room.enter' as const] };
    assert.deepEqual(await operate({ title: 'Board', permissions }), {
      ...fresh,
      title: 'Board',
      permissions,
    });
    assert.deepEqual(await operate({ title: null, permissions: { speaker: null } }), fresh);
    await operate({ permissions: { speaker: ['room.configure'] } } as unknown as RoomChange, 400);
    await operate({ permissions: { owner: [] } } as unknown as RoomChange, 200);
    const { status } = await server.api('GET', `/api/rooms/${roomId}/settings`, undefined, 'wrong');
    assert.equal(status, 401);
  });

  it("admins can change a room's owner, owners cannot", async () => {
    const olga = await enter(owner);
    const ada = await enter(admin);
    const change = { roomId, ownerId: member.accountId };
    assert.equal(await olga.client.refusal('room.configure', change), 'FORBIDDEN');
    await ada.client.get('room.configure', change);
    await olga.client.event(
      'participant.updated',
      ({ participant }) => participant.accountId === owner.accountId && participant.roomRole === 'moderator',
    );
    assert.equal(await olga.client.refusal('room.configure', { roomId }), 'FORBIDDEN');
    close(olga, ada);
  });

  it('a role that an invitation raises shows in the room at once', async () => {
    const olga = await enter(owner);
    const gus = await enter(await guestOf(roomId));
    const { secret = '' } = parseInvitation(await server.invite({ role: 'member' })) ?? {};
    await gus.client.get('invite.redeem', { secret });
    const { participant } = await olga.client.event('participant.updated');
    assert.deepEqual([participant.role, participant.roomRole], ['member', 'moderator']);
    close(olga, gus);
  });

  it('threat 4: a flood of changes waits only for itself, and the last one answered applies', async () => {
    const olga = await enter(owner);
    const refusals = new Set<string>();
    let title = '';
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const answer = await olga.client.ask('room.configure', { roomId, title: `Title ${n}` });
        if (answer.ok) {
          ({ title = '' } = answer.result as { title?: string });
        } else {
          refusals.add(answer.error.code);
        }
      }),
    );
    assert.deepEqual([...refusals], ['RATE_LIMITED']);
    assert.equal((await operate(undefined)).title, title);
    await olga.client.get('room.configure', { roomId, title: 'Calm' });
    close(olga);
  });

  it('threat 5: nobody but owners and admins can change any setting of a room, open or not', async () => {
    const guest = await guestOf(roomId);
    const olga = await enter(owner);
    const viewer = await person({ displayName: 'Vic' });
    await olga.client.get('room.configure', {
      roomId,
      permissions: { speaker: roomAction.options, viewer: roomAction.options },
      roles: { [viewer.accountId]: 'viewer' },
    });
    const before = await operate(undefined);
    const bridge = await person({ role: 'bridge' });
    const others: Array<{ client: ProtocolClient; participantId: string }> = [];
    for (const someone of [member, guest, viewer, bridge]) {
      others.push(await enter(someone));
    }
    const accounts = [member, guest, viewer, bridge, owner].map(({ accountId }) => accountId);
    const actions = fc.uniqueArray(fc.constantFrom(...roomAction.options));
    const changes = fc.record(
      {
        title: fc.constantFrom('Mine', null),
        ownerId: fc.constantFrom(...accounts, null),
        permissions: fc.record(
          { moderator: actions, speaker: actions, viewer: actions },
          { requiredKeys: [] },
        ),
        roles: fc.dictionary(fc.constantFrom(...accounts), fc.constantFrom(...roomRole.options)),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3),
        changes,
        fc.constantFrom(roomId, 'never-opened'),
        async (who, change, room) => {
          const refusal = await others[who]?.client.refusal('room.configure', { roomId: room, ...change });
          assert.equal(refusal, 'FORBIDDEN');
        },
      ),
      { numRuns: 25 },
    );
    assert.deepEqual(await operate(undefined), before);
    // Who is removed may still configure their room, so that a moderator cannot take it over.
    await others[0]?.client.get('participant.kick', { participantId: olga.participantId });
    const again = await ProtocolClient.enter(server.url, owner.identity);
    assert.equal(await again.refusal('room.join', { roomId }), 'KICKED');
    await again.get('room.configure', { roomId, permissions: { moderator: [] } });
    assert.equal(
      await others[0]?.client.refusal('participant.kick', { participantId: others[1]?.participantId }),
      'FORBIDDEN',
    );
    close({ client: again }, ...others);
  });
});
