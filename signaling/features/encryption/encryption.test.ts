import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { bytesOf, EncryptedSeat } from '../../../test/support/encrypted-seat.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { withRemovals } from '../../../test/support/many-proposals.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

describe('the delivery of a room’s group', () => {
  let server: InProcessServer;
  let people: Identity[];
  let admin: ProtocolClient;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start({ 'limits.requestsPerSecond': 1000 });
    people = await Promise.all(
      Array.from({ length: 12 }, (_, i) => newIdentity(server, { displayName: `Person ${i}` })),
    );
    admin = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
  });
  after(async () => {
    admin.close();
    await server.close();
  });

  const newRoom = async () => {
    turn += 1;
    const { roomId } = await admin.get('room.create', {
      roomId: `encrypted-${turn}`,
      encryption: 'required',
    });
    return roomId;
  };
  const take = (person: number, roomId: string) =>
    EncryptedSeat.take(server.url, people[person] as Identity, roomId);
  /** So many people in a room’s group, in the same epoch. */
  const groupOf = async (count: number) => {
    const roomId = await newRoom();
    const seats: EncryptedSeat[] = [];
    while (seats.length < count) {
      seats.push(await (await take(seats.length, roomId)).enterGroup());
    }
    await Promise.all(seats.map((seat) => seat.follow(BigInt(count - 1))));
    return { roomId, seats };
  };
  const assertSame = async (...seats: EncryptedSeat[]) => {
    const [first, ...others] = await Promise.all(seats.map((seat) => seat.current.code()));
    for (const code of others) {
      assert.deepEqual(code, first);
    }
  };
  const leave = (...seats: EncryptedSeat[]) => Promise.all(seats.map((seat) => seat.leave()));

  it('the first creates the group, and others join it with one message each', async () => {
    const { roomId, seats } = await groupOf(3);
    await assertSame(...seats);
    const [ann, bob, eve] = seats as [EncryptedSeat, EncryptedSeat, EncryptedSeat];
    const { authorities, ...part } = ann.joined.parts.encryption;
    assert.deepEqual(part, { policy: 'required', group: null });
    assert.equal(authorities?.length, 1);
    const { group } = eve.joined.parts.encryption;
    assert.equal(group?.epoch, 1);
    // The roster names the devices of the group.
    const own = eve.joined.participants.find(
      ({ participantId }) => participantId === eve.joined.participantId,
    );
    assert.equal(own?.deviceId, eve.member.deviceId);
    assert.equal(await bob.create(), 'late');
    const page = await fetch(new URL('/metrics', server.url)).then((answer) => answer.text());
    assert.match(page, /canopy_encryption_groups 1/);
    assert.match(page, /canopy_encryption_commits_total\{outcome="accepted"\} 2/);
    await leave(...seats);
    assert.ok(roomId);
  });

  it('of two commits, the first wins, and the answer to the other brings what was missed', async () => {
    const { seats } = await groupOf(3);
    const [ann, bob, eve] = seats as [EncryptedSeat, EncryptedSeat, EncryptedSeat];
    const [byAnn, byBob] = await Promise.all([ann.current.commit({}), bob.current.commit({})]);
    assert.deepEqual(await ann.offer(byAnn), { outcome: 'accepted' });
    const late = await bob.offer(byBob);
    assert.ok(late.outcome === 'late');
    assert.deepEqual(late.missed, [{ epoch: 2, commit: base64(byAnn.commit) }]);
    bob.group = await bob.current.process(bytesOf(late.missed[0]?.commit ?? ''));
    await bob.offer(await bob.current.commit({}));
    await Promise.all(seats.map((seat) => seat.follow(4n)));
    await assertSame(ann, bob, eve);
    await leave(...seats);
  });

  it('many who come at once are added by one commit of a member', async () => {
    const roomId = await newRoom();
    const ann = await (await take(0, roomId)).enterGroup();
    const others = await Promise.all(people.slice(1).map((_, i) => take(i + 1, roomId)));
    const own = await Promise.all(others.map(({ member }) => member.newKeyPackage()));
    const ways = await Promise.all(
      others.map(({ client }, i) =>
        client.get('encryption.join', { keyPackage: base64(own[i]?.message ?? new Uint8Array()) }),
      ),
    );
    const waiting = others.filter((_, i) => ways[i]?.way === 'wait');
    assert.equal(waiting.length, 10);
    const { keyPackages } = await ann.client.event(
      'encryption.waiting',
      (asked) => asked.keyPackages.length === 10,
    );
    await ann.offer(await ann.current.commit({ adds: keyPackages.map(bytesOf) }));
    for (const seat of waiting) {
      const ownPackage = own[others.indexOf(seat)];
      assert.ok(ownPackage);
      await seat.beWelcome(ownPackage);
    }
    await assertSame(ann, ...waiting);
    await leave(ann, ...others);
  });

  it('if the first member does not add those who wait, the next is asked', async () => {
    const { roomId, seats } = await groupOf(2);
    const [, bob] = seats as [EncryptedSeat, EncryptedSeat];
    const [first, second] = [await take(2, roomId), await take(3, roomId)];
    const join = async ({ client, member }: EncryptedSeat) => {
      const { message } = await member.newKeyPackage();
      return client.get('encryption.join', { keyPackage: base64(message) });
    };
    const ways = [await join(first), await join(second)].map(({ way }) => way);
    assert.equal(ways[1], 'wait');
    await bob.client.event('encryption.waiting');
    await leave(...seats, first, second);
  });

  it('a peer that was away gets the commits from the log', async () => {
    const { roomId, seats } = await groupOf(2);
    const [ann, bob] = seats as [EncryptedSeat, EncryptedSeat];
    await bob.client.get('transport.create', { direction: 'send' });
    const { log: since } = bob.joined;
    await bob.client.cut();
    await ann.offer(await ann.current.commit({}));
    const again = await ProtocolClient.enter(server.url, people[1] as Identity);
    const { log, parts } = await again.get('room.join', {
      roomId,
      encrypts: true,
      resume: { peerId: bob.joined.peerId, since },
    });
    assert.equal(parts.encryption.group?.epoch, 2);
    const missed = log.entries?.filter(({ kind }) => kind === 'encryption.committed');
    assert.deepEqual(
      missed?.map(({ data }) => data.epoch),
      [0, 1],
    );
    const { groupId } = parts.encryption.group;
    const { missed: kept } = await again.get('encryption.missed', { groupId, epoch: 1 });
    assert.deepEqual(
      kept?.map(({ commit }) => commit),
      [missed?.[1]?.data.commit],
    );
    assert.deepEqual(await again.get('encryption.missed', { groupId: '0'.repeat(32), epoch: 0 }), {});
    await again.get('room.leave', {});
    again.close();
    await leave(ann);
  });

  it('a group ends with its last member, and the next one creates another', async () => {
    const roomId = await newRoom();
    await admin.get('room.configure', { roomId, emptyTimeout: 60 });
    const ann = await (await take(0, roomId)).enterGroup();
    await ann.leave();
    const bob = await take(1, roomId);
    assert.equal(bob.joined.parts.encryption.group, null);
    const own = await bob.member.newKeyPackage();
    assert.deepEqual(await bob.client.get('encryption.join', { keyPackage: base64(own.message) }), {
      way: 'create',
    });
    assert.equal(await bob.create(), 'accepted');
    await bob.leave();
  });

  it('threat 43: members leave the group only after they left the room', async () => {
    const { seats } = await groupOf(3);
    const [ann, bob, eve] = seats as [EncryptedSeat, EncryptedSeat, EncryptedSeat];
    const removal = await ann.current.commit({ removes: [eve.current.ownLeaf] });
    assert.equal(
      await ann.client.refusal('encryption.commit', await ann.request(removal)),
      'ENCRYPTION_INVALID',
    );
    await eve.leave();
    await ann.client.event(
      'participant.left',
      ({ participantId }) => participantId === eve.joined.participantId,
    );
    assert.deepEqual(await ann.offer(removal), { outcome: 'accepted' });
    await bob.follow(3n);
    await assertSame(ann, bob);
    await leave(ann, bob);
  });

  it('threat 43: nobody commits for another device, or brings in somebody who did not ask', async () => {
    const { roomId, seats } = await groupOf(2);
    const [ann, bob] = seats as [EncryptedSeat, EncryptedSeat];
    const byAnn = await ann.request(await ann.current.commit({}));
    assert.equal(await bob.client.refusal('encryption.commit', byAnn), 'ENCRYPTION_INVALID');
    const eve = await take(2, roomId);
    const external = await eve.request(await eve.prepare());
    assert.equal(await bob.client.refusal('encryption.commit', external), 'ENCRYPTION_INVALID');
    const { message } = await eve.member.newKeyPackage();
    const added = await ann.request(await ann.current.commit({ adds: [message] }));
    assert.equal(await ann.client.refusal('encryption.commit', added), 'ENCRYPTION_INVALID');
    assert.equal(
      await bob.client.refusal('encryption.join', { keyPackage: base64(message) }),
      'ENCRYPTION_INVALID',
    );
    await leave(...seats, eve);
  });

  it('threat 43: a GroupInfo that does not belong to the commit, and garbage, are refused', async () => {
    const { seats } = await groupOf(2);
    const [ann, bob] = seats as [EncryptedSeat, EncryptedSeat];
    const request = await ann.request(await ann.current.commit({}));
    const other = await ann.request(await ann.current.commit({}));
    const old = base64(await ann.current.groupInfo());
    for (const groupInfo of [old, other.groupInfo, 'AAAA', '']) {
      const { client } = ann;
      assert.equal(
        await client.refusal('encryption.commit', { ...request, groupInfo }),
        'ENCRYPTION_INVALID',
      );
    }
    for (const commit of ['', 'AAAA', request.groupInfo]) {
      assert.equal(
        await ann.client.refusal('encryption.commit', { ...request, commit }),
        'ENCRYPTION_INVALID',
      );
    }
    assert.deepEqual(await ann.client.get('encryption.commit', request), { outcome: 'accepted' });
    await bob.follow(2n);
    await leave(...seats);
  });

  it('threat 43: ten thousand proposals are refused, and the server goes on', async () => {
    const { seats } = await groupOf(1);
    const [ann] = seats as [EncryptedSeat];
    const request = await ann.request(await ann.current.commit({}));
    const forged = base64(withRemovals(bytesOf(request.commit), 10_000));
    assert.equal(
      await ann.client.refusal('encryption.commit', { ...request, commit: forged }),
      'ENCRYPTION_INVALID',
    );
    assert.deepEqual(await ann.client.get('encryption.commit', request), { outcome: 'accepted' });
    await leave(...seats);
  });

  it('threat 24: an encrypted room admits devices that can encrypt, and nothing for which the server needs the media', async () => {
    const roomId = await newRoom();
    const client = await ProtocolClient.enter(server.url, people[0] as Identity);
    assert.equal(await client.refusal('room.join', { roomId }), 'ENCRYPTION_REQUIRED');
    const { parts } = await client.get('room.join', { roomId, encrypts: true });
    for (const right of ['recording.control', 'captions.control', 'call.dial'] as const) {
      assert.ok(!parts.rights.includes(right), right);
    }
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    assert.equal(await bridge.refusal('room.join', { roomId, encrypts: true }), 'ENCRYPTED_ROOM');
    bridge.close();
    const dialled = { target: '123' };
    assert.equal(await client.refusal('call.dial', dialled), 'ENCRYPTED_ROOM');
    await client.get('room.leave', {});
    client.close();
  });

  it('threat 24: a room that allows phones admits their gateway alone, with the keys', async () => {
    const { roomId } = await admin.get('room.create', { roomId: 'with-phones', encryption: 'allow-phones' });
    const policy = 'allow-phones';
    const ann = await (
      await EncryptedSeat.take(server.url, people[0] as Identity, roomId, { policy })
    ).enterGroup();
    const gateway = await newGatewayIdentity(server);
    const unable = await ProtocolClient.enter(server.url, gateway);
    assert.equal(await unable.refusal('room.join', { roomId }), 'ENCRYPTION_REQUIRED');
    unable.close();
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    assert.equal(await bridge.refusal('room.join', { roomId, encrypts: true }), 'ENCRYPTED_ROOM');
    bridge.close();
    const phones = await (await EncryptedSeat.take(server.url, gateway, roomId, { policy })).enterGroup();
    await ann.follow(1n);
    await assertSame(ann, phones);
    await phones.client.get('participant.add', { displayName: 'Office', kind: 'phone' });
    const { participant } = await ann.client.event(
      'participant.joined',
      (joined) => joined.participant.displayName === 'Office',
    );
    assert.equal(participant.deviceId, phones.member.deviceId);
    const head = { epoch: 1, digest: base64(new Uint8Array(32)), signature: 'A'.repeat(86) };
    await phones.client.get('encryption.head', head);
    const { participantId } = await ann.client.event('encryption.head');
    assert.equal(participantId, participant.participantId);
    // Phones may be called, but the server still has no media.
    assert.equal(await ann.client.refusal('call.dial', { target: '123' }), 'CALL_REFUSED');
    const { rights } = ann.joined.parts;
    assert.ok(!rights.includes('recording.control') && !rights.includes('captions.control'));
    await leave(ann, phones);
  });

  it('threat 24: the policy of a room never changes', async () => {
    const roomId = await newRoom();
    const ann = await take(0, roomId);
    await admin.get('room.configure', { roomId, title: 'Secret', encryption: 'off' } as { roomId: string });
    const { encryption } = await admin.get('room.configure', { roomId });
    assert.equal(encryption, 'required');
    await ann.leave();
    const bob = await take(1, roomId);
    assert.equal(bob.joined.parts.encryption.policy, 'required');
    await bob.leave();
  });

  it('a room without encryption has no group', async () => {
    const client = await ProtocolClient.enter(server.url, people[0] as Identity);
    const { parts, participants } = await client.get('room.join', { roomId: 'clear' });
    assert.deepEqual(parts.encryption, { policy: 'off', group: null });
    assert.equal(participants[0]?.deviceId, undefined);
    const data = { groupInfo: 'AAAA', tree: 'AAAA' };
    assert.equal(await client.refusal('encryption.create', data), 'ENCRYPTION_INVALID');
    await client.get('room.leave', {});
    assert.equal(await client.refusal('encryption.create', data), 'ROOM_NOT_JOINED');
    client.close();
  });
});
