import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createGroup } from 'ts-mls/clientState.js';
import { createCommit } from 'ts-mls/createCommit.js';
import type { GroupRoom } from '../../../../contract/mls/index.ts';
import { TestDeployment } from '../../../../test/support/encrypted-devices.ts';
import { takeSecrets } from './group-member.ts';
import { type OfferedEpoch, RoomGroup } from './index.ts';

const ROOM: GroupRoom = { roomId: 'team', policy: 'required', authorities: ['a'.repeat(64)] };

let deployment: TestDeployment;
before(async () => {
  deployment = await TestDeployment.create();
});
after(() => deployment.close());

/** What the server hands to a newcomer. */
async function offer(group: RoomGroup) {
  return { groupInfo: await group.groupInfo(), tree: group.tree, epoch: Number(group.epoch) };
}

/** A group of so many devices, joined one after another: everyone's view of it, in the order of the leaves. */
async function groupOf(count: number): Promise<RoomGroup[]> {
  let views = [await RoomGroup.create(await deployment.member(ROOM))];
  while (views.length < count) {
    const joined = await RoomGroup.joinExternally(
      await deployment.member(ROOM),
      await offer(views[0] as RoomGroup),
    );
    views = [...(await allProcess(views, joined)), joined.next];
  }
  return views;
}

function allProcess(views: readonly RoomGroup[], { commit }: OfferedEpoch): Promise<RoomGroup[]> {
  return Promise.all(
    views.map(async (view) => {
      const next = await view.process(commit);
      next.adopt();
      return next;
    }),
  );
}

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

async function assertSame(views: readonly RoomGroup[]): Promise<void> {
  const [first, ...others] = await Promise.all(views.map((view) => view.epochKeys()));
  const code = await views[0]?.code();
  for (const [i, keys] of others.entries()) {
    assert.deepEqual({ ...keys, ownLeaf: 0 }, { ...first, ownLeaf: 0 });
    assert.deepEqual(await views[i + 1]?.code(), code);
  }
  assert.equal(new Set(views.map(({ ownLeaf }) => ownLeaf)).size, views.length);
}

describe('a room’s group', () => {
  it('gives all members the same keys, roster and code, with device keys that never leave WebCrypto', async () => {
    const views = await groupOf(4);
    await assertSame(views);
    const [first] = views as [RoomGroup];
    assert.equal(first.epoch, 3n);
    assert.deepEqual([...first.members.keys()], [0, 1, 2, 3]);
    assert.match((await first.code()).join(' '), /^\d{5}( \d{5}){5}$/);
    const keys = await first.epochKeys();
    assert.deepEqual(
      Object.values(keys.baseKeys).map(({ length }) => length),
      [16, 48],
    );
    assert.equal(new Set(keys.members.values()).size, 4);
  });

  it('has other keys and another code after every change', async () => {
    const [ann, bob, eve] = (await groupOf(3)) as [RoomGroup, RoomGroup, RoomGroup];
    const removal = await ann.commit({ removes: [eve.ownLeaf] });
    const bobNow = await bob.process(removal.commit);
    await assertSame([removal.next, bobNow]);
    const [before, now] = [await ann.epochKeys(), await bobNow.epochKeys()];
    assert.notDeepEqual(now.baseKeys, before.baseKeys);
    assert.notDeepEqual(await bobNow.code(), await ann.code());
    assert.deepEqual([...now.members.keys()], [0, 1]);
  });

  it('a removed member learns that it is out, and nothing of the next epoch', async () => {
    const [ann, , eve] = (await groupOf(3)) as [RoomGroup, RoomGroup, RoomGroup];
    const removal = await ann.commit({ removes: [eve.ownLeaf] });
    const out = await eve.process(removal.commit);
    assert.equal(out.isRemoved, true);
    assert.notDeepEqual((await out.epochKeys()).baseKeys, (await removal.next.epochKeys()).baseKeys);
    await assert.rejects(out.commit({ removes: [0] }), { code: 'ENCRYPTION_INVALID' });
  });

  it('one commit adds many newcomers, who join by its Welcome', async () => {
    const [ann, bob] = (await groupOf(2)) as [RoomGroup, RoomGroup];
    const newcomers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const member = await deployment.member(ROOM);
        return { member, own: await member.newKeyPackage() };
      }),
    );
    const { next, commit, welcome } = await ann.commit({ adds: newcomers.map(({ own }) => own.message) });
    assert.ok(welcome);
    const joined = await Promise.all(
      newcomers.map(({ member, own }) => RoomGroup.joinByWelcome(member, own, { welcome, tree: next.tree })),
    );
    await assertSame([next, await bob.process(commit), ...joined]);
    // The newcomers' leaves work for whatever comes next.
    const second = await (joined[9] as RoomGroup).commit({ removes: [bob.ownLeaf] });
    await assertSame([second.next, ...(await allProcess([next, ...joined.slice(0, 9)], second))]);
  });

  it('whoever comes gets in, however people come and go: 8 members, 20 rounds', async () => {
    const random = seeded(20261130);
    let views = await groupOf(8);
    let added = 0;
    for (let round = 0; round < 20; round += 1) {
      // Two leave.
      const [first, second, committer, adder] = shuffled(views, random) as [
        RoomGroup,
        RoomGroup,
        RoomGroup,
        RoomGroup,
      ];
      const removal = await committer.commit({ removes: [first.ownLeaf, second.ownLeaf] });
      const others = views.filter((view) => view !== first && view !== second && view !== committer);
      views = [removal.next, ...(await allProcess(others, removal))];
      // Two come: a member adds them as far as the tree allows, and the others go in alone.
      const newcomers = await Promise.all(
        [0, 1].map(async () => {
          const member = await deployment.member(ROOM);
          return { member, own: await member.newKeyPackage() };
        }),
      );
      const by = views.find(({ ownLeaf }) => ownLeaf === adder.ownLeaf) ?? (views[0] as RoomGroup);
      const adds = by.addable(newcomers.map(({ own }) => own.message));
      if (adds.length > 0) {
        const offered = await by.commit({ adds });
        const { welcome = new Uint8Array(), next } = offered;
        const joined = await Promise.all(
          newcomers
            .slice(0, adds.length)
            .map(({ member, own }) => RoomGroup.joinByWelcome(member, own, { welcome, tree: next.tree })),
        );
        const rest = views.filter((view) => view !== by);
        views = [next, ...(await allProcess(rest, offered)), ...joined];
        added += adds.length;
      }
      for (const { member } of newcomers.slice(adds.length)) {
        const joined = await RoomGroup.joinExternally(member, await offer(views[0] as RoomGroup));
        views = [...(await allProcess(views, joined)), joined.next];
      }
    }
    await assertSame(views);
    assert.equal(views.length, 8);
    assert.ok(added > 0, 'members added some');
  });

  it('keeps the secrets of one former epoch at most', async () => {
    const { config, cipherSuite, ...member } = await deployment.member(ROOM).then(async (each) => ({
      config: each.config,
      cipherSuite: each.cipherSuite,
      own: await each.newKeyPackage(),
    }));
    const secrets = takeSecrets(member.own);
    let state = await createGroup(
      new Uint8Array(16),
      member.own.publicPackage,
      secrets,
      [],
      cipherSuite,
      config,
    );
    for (let epoch = 0; epoch < 4; epoch += 1) {
      ({ newState: state } = await createCommit({ state, cipherSuite }));
      assert.ok(state.historicalReceiverData.size <= 1, `${state.historicalReceiverData.size} epochs`);
    }
  });

  it('a device that lost its keys comes back by one commit, which takes out its former leaf', async () => {
    const device = await deployment.device('Back');
    const ann = await RoomGroup.create(await deployment.member(ROOM));
    const first = await RoomGroup.joinExternally(await deployment.member(ROOM, device), await offer(ann));
    const annNow = await ann.process(first.commit);
    const second = await RoomGroup.joinExternally(await deployment.member(ROOM, device), await offer(annNow));
    const annLater = await annNow.process(second.commit);
    await assertSame([annLater, second.next]);
    assert.equal(annLater.members.size, 2);
  });

  it('two who commit at once: the second drops its epoch, follows the first, and commits again', async () => {
    const [ann, bob, eve] = (await groupOf(3)) as [RoomGroup, RoomGroup, RoomGroup];
    const byAnn = await ann.commit({ removes: [eve.ownLeaf] });
    const byBob = await bob.commit({ removes: [eve.ownLeaf] });
    await assert.rejects(byAnn.next.process(byBob.commit), { code: 'ENCRYPTION_STALE' });
    const bobNow = await bob.process(byAnn.commit);
    await assertSame([byAnn.next, bobNow]);
    const again = await RoomGroup.joinExternally(await deployment.member(ROOM), await offer(bobNow));
    await assertSame([again.next, ...(await allProcess([byAnn.next, bobNow], again))]);
  });

  it('the same commits give two members who see another order different codes', async () => {
    const [ann, bob, eve] = (await groupOf(3)) as [RoomGroup, RoomGroup, RoomGroup];
    const byAnn = await ann.commit({ removes: [eve.ownLeaf] });
    const byEve = await eve.commit({ removes: [ann.ownLeaf] });
    const bobOther = await bob.process(byEve.commit);
    assert.equal(bobOther.epoch, byAnn.next.epoch);
    assert.notDeepEqual(await bobOther.code(), await byAnn.next.code());
  });
});
