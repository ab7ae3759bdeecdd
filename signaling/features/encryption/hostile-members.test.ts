import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { bytesOf, EncryptedSeat } from '../../../test/support/encrypted-seat.ts';
import { otherwiseCertified, signWrongly } from '../../../test/support/hostile-member.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { RoomGroup } from '../../../test/support/room-groups.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
/** What the server says in the detail of its refusal. */
const OTHER_CHAIN = /another certificate chain/;
const SEND_QUEUE_BYTES = 65_536;

describe('members who would end a room’s encryption for everybody', () => {
  let server: InProcessServer;
  let people: Identity[];
  let admin: ProtocolClient;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start({
      'limits.requestsPerSecond': 1000,
      'limits.sendQueueBytes': SEND_QUEUE_BYTES,
    });
    people = await Promise.all(
      Array.from({ length: 5 }, (_, i) => newIdentity(server, { displayName: `Person ${i}` })),
    );
    admin = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
  });
  after(async () => {
    admin.close();
    await server.close();
  });

  const personOf = (index: number) => people[index] as Identity;
  const newRoom = async () => {
    turn += 1;
    const { roomId } = await admin.get('room.create', { roomId: `hostile-${turn}`, encryption: 'required' });
    return roomId;
  };
  const take = (person: number, roomId: string) => EncryptedSeat.take(server.url, personOf(person), roomId);
  const groupOf = async (count: number) => {
    const roomId = await newRoom();
    const seats: EncryptedSeat[] = [];
    while (seats.length < count) {
      seats.push(await (await take(seats.length, roomId)).enterGroup());
    }
    await Promise.all(seats.map((seat) => seat.follow(BigInt(count - 1))));
    return { roomId, seats };
  };
  const leave = (...seats: EncryptedSeat[]) => Promise.all(seats.map((seat) => seat.leave()));

  it('threat 43: a leaf has the certificates that its device signed in with, whoever founds, joins or asks', async () => {
    const roomId = await newRoom();
    const borrowed = await otherwiseCertified(personOf(1), roomId, personOf(2));
    const borrower = await EncryptedSeat.take(server.url, personOf(1), roomId, { member: borrowed });
    // It is valid, and for the same device: of another account nevertheless.
    await assert.rejects(borrower.create(), /of another account/);
    await leave(borrower);
    const other = await otherwiseCertified(personOf(1), roomId);
    const eve = await EncryptedSeat.take(server.url, personOf(1), roomId, { member: other });
    await assert.rejects(eve.create(), OTHER_CHAIN);
    const ann = await (await take(0, roomId)).enterGroup();
    await assert.rejects(eve.prepare(), OTHER_CHAIN);
    const group = ann.current;
    const offered = await RoomGroup.joinExternally(other, {
      groupInfo: await group.groupInfo(),
      tree: group.tree,
      epoch: Number(group.epoch),
    });
    await assert.rejects(eve.offer(offered), OTHER_CHAIN);
    await leave(ann, eve);
  });

  it('threat 43: a key package, a leaf, a commit and a GroupInfo that their device did not sign are refused', async () => {
    const { roomId, seats } = await groupOf(1);
    for (const label of ['LeafNodeTBS', 'KeyPackageTBS']) {
      const eve = await take(1, roomId);
      signWrongly(eve, label);
      await assert.rejects(eve.prepare(), /the signature of a key package is wrong/, label);
      await eve.leave();
    }
    for (const [label, refusal] of [
      ['LeafNodeTBS', /the signature of the committer’s leaf is wrong/],
      ['FramedContentTBS', /the signature of the commit is wrong/],
      ['GroupInfoTBS', /the signature of the GroupInfo is wrong/],
    ] as const) {
      const eve = await (await take(1, roomId)).enterGroup();
      signWrongly(eve, label);
      await assert.rejects(eve.offer(await eve.current.commit({})), refusal, label);
      await eve.leave();
    }
    await leave(...seats);
  });

  it('members are not added where the tree could not be read by those who come later, who go in alone', async () => {
    const { roomId, seats } = await groupOf(4);
    const [ann, bob, eve, dan] = seats as [EncryptedSeat, EncryptedSeat, EncryptedSeat, EncryptedSeat];
    await bob.leave();
    await ann.client.event(
      'participant.left',
      ({ participantId }) => participantId === bob.joined.participantId,
    );
    await ann.offer(await ann.current.commit({ removes: [bob.current.ownLeaf] }));
    await Promise.all([eve.follow(4n), dan.follow(4n)]);
    const [first, second] = [await take(1, roomId), await take(4, roomId)];
    // The first to come joins alone, so that the second one waits.
    const ways = await Promise.all(
      [first, second].map(async ({ client, member }) => {
        const { message } = await member.newKeyPackage();
        return client.get('encryption.join', { keyPackage: base64(message) });
      }),
    );
    assert.ok(ways.some(({ way }) => way === 'wait'));
    const { keyPackages } = await ann.client.event('encryption.waiting');
    const added = await ann.current.commit({ adds: keyPackages.map(bytesOf) });
    await assert.rejects(ann.offer(added), /nobody could join with this tree/);
    for (const [i, seat] of [first, second].entries()) {
      assert.equal((await seat.offer(await seat.prepare())).outcome, 'accepted');
      await ann.follow(BigInt(5 + i));
    }
    assert.deepEqual(await second.current.code(), await ann.current.code());
    await leave(ann, eve, dan, first, second);
  });

  it('what was missed is told in one message that a connection takes, or not at all', async () => {
    const { seats } = await groupOf(1);
    const [ann] = seats as [EncryptedSeat];
    const groupId = Buffer.from(ann.current.groupId).toString('hex');
    let bytes = 0;
    let epoch = 0;
    while (bytes < SEND_QUEUE_BYTES) {
      const offered = await ann.current.commit({});
      bytes += base64(offered.commit).length;
      epoch += 1;
      await ann.offer(offered);
    }
    assert.deepEqual(await ann.client.get('encryption.missed', { groupId, epoch: 0 }), {});
    const { missed } = await ann.client.get('encryption.missed', { groupId, epoch: epoch - 3 });
    assert.equal(missed?.length, 3);
    await leave(ann);
  });

  it('threat 43: a head has a digest of 32 bytes, and nobody is ahead of the server', async () => {
    const { seats } = await groupOf(2);
    const [ann, bob] = seats as [EncryptedSeat, EncryptedSeat];
    const signature = 'A'.repeat(86);
    const digest = await ann.current.headDigest();
    for (const wrong of ['', 'AAAA', `${digest}AAAA`, digest.slice(0, -1)]) {
      const head = { epoch: 1, digest: wrong, signature };
      assert.equal(await ann.client.refusal('encryption.head', head), 'BAD_REQUEST', wrong);
    }
    await ann.client.get('encryption.head', { epoch: 2, digest, signature });
    await ann.client.get('encryption.head', { epoch: 1, digest, signature });
    // The first that arrives is the second one.
    assert.equal((await bob.client.event('encryption.head')).epoch, 1);
    await leave(ann, bob);
  });
});
