import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HEADER_BYTES } from '../../../../contract/content/index.ts';
import { contentStatement } from '../../../../contract/light.ts';
import { TestDeployment, type TestDevice } from '../../../../test/support/encrypted-devices.ts';
import { RoomGroup } from '../group/index.ts';
import { ContentCipher } from './index.ts';

const REFUSED = { code: 'ENCRYPTION_INVALID' };

describe('encrypted content', () => {
  let deployment: TestDeployment;
  before(async () => {
    deployment = await TestDeployment.create();
  });
  after(() => deployment.close());

  /** Somebody in a group, with what they know of it. */
  interface Member {
    group: RoomGroup;
    cipher: ContentCipher;
    deviceId: string;
    accountId: string;
  }

  const room = (roomId: string) => ({ roomId, policy: 'required' as const, authorities: [] });
  const signer = (device: TestDevice, deviceId: string) => ({
    deviceId,
    signContent: async (statement: Omit<Parameters<typeof contentStatement>[0], 'deviceId'>) => {
      const signed = contentStatement({ ...statement, deviceId });
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
      return Buffer.from(await crypto.subtle.sign(algorithm, device.deviceKey, signed)).toString('base64url');
    },
  });

  /** Ann creates the group of a room; the others join it one after another. */
  async function members(count: number, roomId = 'team'): Promise<Member[]> {
    const people: Member[] = [];
    for (let i = 0; i < count; i += 1) {
      const device = await deployment.device(`Person ${i}`);
      const member = await deployment.member(room(roomId), device);
      const first = people[0]?.group;
      const joined =
        first &&
        (await RoomGroup.joinExternally(member, {
          ...{ groupInfo: await first.groupInfo(), tree: first.tree, epoch: Number(first.epoch) },
        }));
      for (const person of joined ? people : []) {
        person.group = await person.group.process(joined?.commit ?? new Uint8Array());
        person.cipher.setEpoch(await person.group.contentEpoch());
      }
      const group = joined?.next ?? (await RoomGroup.create(member));
      const { deviceId } = member;
      const cipher = new ContentCipher({ scope: `room ${roomId}`, identity: signer(device, deviceId) });
      cipher.setEpoch(await group.contentEpoch());
      people.push({ group, cipher, deviceId, accountId: device.accountId });
    }
    return people;
  }

  const bytes = (sealed: string) => new Uint8Array(Buffer.from(sealed, 'base64'));
  const text = (raw: Uint8Array) => Buffer.from(raw).toString('base64');

  it('is read by all members of its epoch, who learn whose device wrote it', async () => {
    const [ann, bob, eve] = (await members(3)) as [Member, Member, Member];
    const sealed = await ann.cipher.seal('message', 'first-message', { text: 'hello' });
    for (const { cipher } of [ann, bob, eve]) {
      const opened = await cipher.open('message', 'first-message', sealed);
      assert.deepEqual(opened?.content, { text: 'hello' });
      assert.equal(opened?.sender.deviceId, ann.deviceId);
      assert.equal(opened?.sender.accountId, ann.accountId);
    }
  });

  it('is not read by newcomers; those who were there read it also in later epochs', async () => {
    const [ann, bob] = (await members(2)) as [Member, Member];
    const sealed = await ann.cipher.seal('message', 'first-message', 'early');
    const device = await deployment.device('Late');
    const member = await deployment.member(room('team'), device);
    const { next, commit } = await RoomGroup.joinExternally(member, {
      groupInfo: await ann.group.groupInfo(),
      tree: ann.group.tree,
      epoch: Number(ann.group.epoch),
    });
    bob.cipher.setEpoch(await (await bob.group.process(commit)).contentEpoch());
    const late = new ContentCipher({ scope: 'room team', identity: signer(device, member.deviceId) });
    late.setEpoch(await next.contentEpoch());
    assert.equal(await late.open('message', 'first-message', sealed), undefined);
    assert.equal((await bob.cipher.open('message', 'first-message', sealed))?.content, 'early');
    // Ann has not heard of the newcomer yet.
    const after = await ann.cipher.seal('message', 'second-message', 'on the way');
    assert.equal((await bob.cipher.open('message', 'second-message', after))?.content, 'on the way');
  });

  it('threat 24: does not pass for other content, of another room, or changed', async () => {
    const [ann, bob] = (await members(2)) as [Member, Member];
    const sealed = await ann.cipher.seal('message', 'first-message', 'hello');
    await assert.rejects(bob.cipher.open('message', 'other-message', sealed), REFUSED);
    await assert.rejects(bob.cipher.open('edit', 'first-message', sealed), REFUSED);
    const elsewhere = new ContentCipher({ scope: 'room other', identity: signer({} as TestDevice, '') });
    elsewhere.setEpoch(await bob.group.contentEpoch());
    await assert.rejects(elsewhere.open('message', 'first-message', sealed), REFUSED);
    const raw = bytes(sealed);
    for (let at = 0; at < raw.length; at += at < HEADER_BYTES + 4 ? 1 : 37) {
      const changed = raw.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      // Those that name a group or an epoch that is unknown cannot be judged, and are not read either.
      const opened = await bob.cipher.open('message', 'first-message', text(changed)).catch(() => undefined);
      assert.equal(opened, undefined, `byte ${at}`);
    }
    await assert.rejects(bob.cipher.open('message', 'first-message', text(raw.subarray(0, -1))), REFUSED);
    await assert.rejects(bob.cipher.open('message', 'first-message', 'AAAA'), REFUSED);
  });

  it('threat 24: members cannot write in the name of others', async () => {
    const [ann, bob, eve] = (await members(3)) as [Member, Member, Member];
    // Eve has Ann's keys, as everyone has, and signs with her own device.
    const epoch = await eve.group.contentEpoch();
    const device = await deployment.device('Eve');
    const forger = new ContentCipher({ scope: 'room team', identity: signer(device, ann.deviceId) });
    forger.setEpoch({ ...epoch, ownLeaf: ann.group.ownLeaf });
    const forged = await forger.seal('message', 'first-message', 'I owe you');
    await assert.rejects(bob.cipher.open('message', 'first-message', forged), {
      ...REFUSED,
      detail: 'the signature is not that of the sender’s device',
    });
    assert.equal(bob.cipher.claimedSender(forged), ann.deviceId);
    // Nor of nobody.
    forger.setEpoch({ ...epoch, ownLeaf: 77 });
    const strange = await forger.seal('message', 'first-message', 'hello');
    await assert.rejects(bob.cipher.open('message', 'first-message', strange), REFUSED);
  });

  it('has sizes that say little about its length', async () => {
    const [ann] = (await members(1)) as [Member];
    const sizeOf = async (length: number) =>
      bytes(await ann.cipher.seal('message', 'first-message', 'x'.repeat(length))).length;
    const sizes = await Promise.all([0, 1, 10, 100, 150].map(sizeOf));
    assert.equal(new Set(sizes).size, 1);
    const many = await Promise.all(Array.from({ length: 100 }, (_, i) => sizeOf(200 * i)));
    assert.ok(new Set(many).size < 30, `${new Set(many).size} sizes`);
    await assert.rejects(sizeOf(30_000), REFUSED);
  });
});
