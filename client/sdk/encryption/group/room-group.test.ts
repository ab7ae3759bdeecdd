import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestDeployment } from '../../../../test/support/encrypted-devices.ts';
import { type GroupRoom, type OfferedEpoch, RoomGroup } from './index.ts';

const ROOM: GroupRoom = { roomId: 'team', policy: 'required' };

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
