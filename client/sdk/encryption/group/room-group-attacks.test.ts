import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClientState, Credential, KeyPackage, PrivateKeyPackage, Proposal } from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { createCommit, joinGroupExternal } from 'ts-mls/createCommit.js';
import { decodeGroupInfo } from 'ts-mls/groupInfo.js';
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { CanopyError } from '../../../../contract/light.ts';
import {
  CIPHER_SUITE,
  type GroupRoom,
  KEY_PACKAGE_SECONDS,
  POLICY_EXTENSION,
  policyExtension,
} from '../../../../contract/mls/index.ts';
import { parseCertificate } from '../../../../contract/x509/index.ts';
import { TestDeployment, type TestDevice } from '../../../../test/support/encrypted-devices.ts';
import { withRemovals } from '../../../../test/support/many-proposals.ts';
import { createCipherSuite } from './cipher-suite.ts';
import { CredentialJudge, RoomGroup } from './index.ts';

const ROOM: GroupRoom = { roomId: 'team', policy: 'required', authorities: ['a'.repeat(64)] };
const DAY_SECONDS = 86_400;
const certificateOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const now = () => BigInt(Math.floor(Date.now() / 1000));

let deployment: TestDeployment;
let other: TestDeployment;
before(async () => {
  [deployment, other] = [await TestDeployment.create(), await TestDeployment.create()];
});
after(async () => {
  await deployment.close();
  await other.close();
});

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof CanopyError, String(error));
    return error.code;
  }
}

async function offer(group: RoomGroup) {
  return { groupInfo: await group.groupInfo(), tree: group.tree, epoch: Number(group.epoch) };
}

/** A group of two. */
async function pair(): Promise<[ann: RoomGroup, bob: RoomGroup]> {
  const ann = await RoomGroup.create(await deployment.member(ROOM));
  const joined = await RoomGroup.joinExternally(await deployment.member(ROOM), await offer(ann));
  return [await ann.process(joined.commit), joined.next];
}

interface Forged {
  credential?: Credential;
  /** The leaf's key. Default: that of the certificate. */
  publicKey?: Uint8Array;
  lifetime?: { notBefore: bigint; notAfter: bigint };
}

/** A member that keeps no rule: the library alone, with a device's key. */
class Attacker {
  readonly suite: Awaited<ReturnType<typeof createCipherSuite>>;
  readonly device: TestDevice;
  state: ClientState | undefined;

  static async create(device: TestDevice): Promise<Attacker> {
    return new Attacker(device, await createCipherSuite(device.deviceKey));
  }

  private constructor(device: TestDevice, suite: Attacker['suite']) {
    this.device = device;
    this.suite = suite;
  }

  keyPackage(forged: Forged = {}): Promise<{ publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }> {
    const certificates = this.device.chain.map(certificateOf);
    const [leaf] = certificates as [Uint8Array];
    return generateKeyPackageWithKey(
      forged.credential ?? { credentialType: 'x509', certificates },
      {
        versions: ['mls10'],
        ciphersuites: [CIPHER_SUITE],
        extensions: [POLICY_EXTENSION],
        proposals: [],
        credentials: ['x509', 'basic'],
      },
      forged.lifetime ?? { notBefore: now(), notAfter: now() + BigInt(KEY_PACKAGE_SECONDS) },
      [],
      { signKey: new Uint8Array(), publicKey: forged.publicKey ?? parseCertificate(leaf).spki.slice(-65) },
      this.suite,
    );
  }

  /** Its external commit, with which it becomes a member if nobody refuses it. */
  async join(group: RoomGroup, forged: Forged = {}): Promise<Uint8Array> {
    const { publicPackage, privatePackage } = await this.keyPackage(forged);
    const [groupInfo] = decodeGroupInfo(await group.groupInfo(), 0) ?? [];
    const [tree] = decodeRatchetTree(group.tree, 0) ?? [];
    assert.ok(groupInfo && tree);
    const accepting = {
      ...defaultClientConfig,
      authService: { validateCredential: async () => true },
    };
    const { publicMessage, newState } = await joinGroupExternal(
      groupInfo,
      publicPackage,
      privatePackage,
      false,
      this.suite,
      tree,
      accepting,
    );
    this.state = newState;
    return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage });
  }

  /** A commit with any proposals. */
  async commit(extraProposals: Proposal[], { isPrivate = false } = {}): Promise<Uint8Array> {
    assert.ok(this.state);
    const { commit } = await createCommit(
      { state: this.state, cipherSuite: this.suite },
      { wireAsPublicMessage: !isPrivate, extraProposals },
    );
    return encodeMlsMessage(commit);
  }
}

/** A pair and an attacker that has joined them as it may. */
async function trio(): Promise<{ ann: RoomGroup; bob: RoomGroup; attacker: Attacker }> {
  const [ann, bob] = await pair();
  const attacker = await Attacker.create(await deployment.device('Eve'));
  const commit = await attacker.join(ann);
  return { ann: await ann.process(commit), bob: await bob.process(commit), attacker };
}

/** With one bit changed, at a place counted from the end. */
function flipped(bytes: Uint8Array, fromEnd: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = copy.length - fromEnd;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('a room’s group under attack', () => {
  it('threat 43: a commit that comes again, or is of an earlier epoch, is refused', async () => {
    const [ann, bob] = await pair();
    const { commit, next } = await ann.commit({});
    const bobNow = await bob.process(commit);
    assert.equal(await refusal(bobNow.process(commit)), 'ENCRYPTION_STALE');
    assert.equal(await refusal(next.process(commit)), 'ENCRYPTION_STALE');
  });

  it('threat 24: the phone gateway is no member of a room that excludes phones, and visible where it is one', async () => {
    const gateway = await deployment.gateway();
    const [ann] = await pair();
    const attacker = await Attacker.create(gateway);
    assert.equal(await refusal(ann.process(await attacker.join(ann))), 'ENCRYPTION_INVALID');
    const phones: GroupRoom = { ...ROOM, policy: 'allow-phones' };
    const bob = await RoomGroup.create(await deployment.member(phones));
    const { next } = await RoomGroup.joinExternally(
      await deployment.member(phones, gateway),
      await offer(bob),
    );
    assert.deepEqual(
      [...next.members.values()].map(({ isGateway, name }) => [isGateway, name]),
      [
        [false, 'Ann'],
        [true, 'Phones'],
      ],
    );
    // A name proves nothing.
    const namesake = await deployment.member(phones, await deployment.device('Phone gateway'));
    const joined = await RoomGroup.joinExternally(namesake, await offer(bob));
    assert.equal([...joined.next.members.values()].at(-1)?.isGateway, false);
  });

  it('threat 43: a commit after one that was withheld is refused', async () => {
    const [ann, bob] = await pair();
    const withheld = await ann.commit({});
    const { commit } = await withheld.next.commit({});
    assert.equal(await refusal(bob.process(commit)), 'ENCRYPTION_STALE');
  });

  it('threat 43: of two commits of an epoch, whoever took one refuses the other', async () => {
    const [ann, bob] = await pair();
    const byAnn = await ann.commit({});
    const byBob = await bob.commit({});
    assert.equal(await refusal(byAnn.next.process(byBob.commit)), 'ENCRYPTION_STALE');
    const bobNow = await bob.process(byAnn.commit);
    assert.equal(await refusal(bobNow.process(byBob.commit)), 'ENCRYPTION_STALE');
  });

  it('threat 43: a commit with any bit changed is refused, and so is one of another group', async () => {
    const [ann, bob] = await pair();
    const { commit } = await ann.commit({});
    for (const fromEnd of [1, 40, 90, 200, Math.floor(commit.length / 2), commit.length - 30]) {
      assert.notEqual(await refusal(bob.process(flipped(commit, fromEnd))), 'accepted', `${fromEnd}`);
    }
    const [foreign] = await pair();
    assert.equal(await refusal(bob.process((await foreign.commit({})).commit)), 'ENCRYPTION_INVALID');
    for (const garbage of [
      new Uint8Array(),
      new Uint8Array(100),
      commit.subarray(0, -1),
      new Uint8Array([...commit, 0]),
    ]) {
      assert.equal(await refusal(bob.process(garbage)), 'ENCRYPTION_INVALID');
    }
    await bob.process(commit);
  });

  it('threat 43: a leaf whose key is not that of its certificate is refused, in a commit and in a tree', async () => {
    const [ann] = await pair();
    // It has its own key, but shows the certificates of somebody else.
    const { chain } = await deployment.device('Victim');
    const credential: Credential = { credentialType: 'x509', certificates: chain.map(certificateOf) };
    const attacker = await Attacker.create(await deployment.device('Eve'));
    const publicKey = parseCertificate(certificateOf(attacker.device.chain[0] ?? '')).spki.slice(-65);
    const forged = { credential, publicKey };
    assert.equal(await refusal(ann.process(await attacker.join(ann, forged))), 'ENCRYPTION_INVALID');
    const { publicPackage } = await attacker.keyPackage(forged);
    const message = encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_key_package',
      keyPackage: publicPackage,
    });
    assert.equal(await refusal(ann.commit({ adds: [message] })), 'ENCRYPTION_INVALID');
  });

  it('threat 43: certificates of another authority, and credentials without any, are refused', async () => {
    const [ann] = await pair();
    const foreign = await Attacker.create(await other.device('Eve'));
    assert.equal(await refusal(ann.process(await foreign.join(ann))), 'CERT_UNTRUSTED');
    const attacker = await Attacker.create(await deployment.device('Eve'));
    const basic: Credential = { credentialType: 'basic', identity: new TextEncoder().encode('Ann') };
    assert.equal(
      await refusal(ann.process(await attacker.join(ann, { credential: basic }))),
      'ENCRYPTION_INVALID',
    );
    // The deployment's own CA is no account, whatever it signs.
    const missing: Credential = {
      credentialType: 'x509',
      certificates: attacker.device.chain.slice(0, 1).map(certificateOf),
    };
    assert.equal(
      await refusal(ann.process(await attacker.join(ann, { credential: missing }))),
      'CERT_UNTRUSTED',
    );
    // Newcomers judge whom they find in the same way.
    const outsider = await RoomGroup.create(await other.member(ROOM));
    assert.equal(
      await refusal(RoomGroup.joinExternally(await deployment.member(ROOM), await offer(outsider))),
      'CERT_UNTRUSTED',
    );
  });

  it('threat 43: a chain of a hundred certificates is refused before any is read', async () => {
    const [ann] = await pair();
    const attacker = await Attacker.create(await deployment.device('Eve'));
    const [leaf, account] = attacker.device.chain.map(certificateOf) as [Uint8Array, Uint8Array];
    const certificates = [leaf, ...Array.from({ length: 99 }, () => account)];
    const credential: Credential = { credentialType: 'x509', certificates };
    assert.equal(await refusal(ann.process(await attacker.join(ann, { credential }))), 'CERT_CHAIN_TOO_LONG');
  });

  it('threat 43: a revoked device and a newcomer’s expired certificate are refused', async () => {
    const eve = await deployment.device('Eve');
    const judge = new CredentialJudge({ deploymentCa: deployment.deploymentCa });
    await judge.revocations.take(await deployment.revoked(eve.accountId), Date.now());
    const ann = await RoomGroup.create(await deployment.member(ROOM, undefined, judge));
    const attacker = await Attacker.create(eve);
    assert.equal(await refusal(ann.process(await attacker.join(ann))), 'CERT_REVOKED');
    const late = new CredentialJudge(
      { deploymentCa: deployment.deploymentCa },
      () => Date.now() + 2 * DAY_SECONDS * 1000,
    );
    const someone = await RoomGroup.create(await deployment.member(ROOM, undefined, late));
    const newcomer = await RoomGroup.joinExternally(await deployment.member(ROOM), await offer(someone));
    assert.equal(await refusal(someone.process(newcomer.commit)), 'CERT_EXPIRED');
  });

  it('a member whose certificate runs out stays, keeps nobody out, and is marked after an hour', async () => {
    let nowMs = Date.now();
    const judge = new CredentialJudge({ deploymentCa: deployment.deploymentCa }, () => nowMs);
    const [short] = await deployment.devices('Short', 1, 3600);
    const ann = await RoomGroup.create(await deployment.member(ROOM, undefined, judge));
    const joined = await RoomGroup.joinExternally(
      await deployment.member(ROOM, short, judge),
      await offer(ann),
    );
    let annNow = await ann.process(joined.commit);
    let shortNow = joined.next;
    for (const [hours, outdated] of [
      [1.5, undefined],
      [3, 'CERT_EXPIRED'],
    ] as const) {
      nowMs = Date.now() + hours * 3600_000;
      const dan = await RoomGroup.joinExternally(
        await deployment.member(ROOM, undefined, judge),
        await offer(annNow),
      );
      annNow = await annNow.process(dan.commit);
      shortNow = await shortNow.process(dan.commit);
      // Even the commits of the member itself are taken: its certificate is not new.
      const own = await shortNow.commit({});
      annNow = await annNow.process(own.commit);
      shortNow = own.next;
      assert.equal(annNow.members.get(shortNow.ownLeaf)?.outdated, outdated);
    }
    assert.deepEqual(await annNow.code(), await shortNow.code());
  });

  it('threat 43: a GroupInfo of an older epoch is refused, and so is a commit that was made from one', async () => {
    const [ann, bob] = await pair();
    const old = await offer(ann);
    const { commit, next } = await ann.commit({});
    const bobNow = await bob.process(commit);
    const newcomer = await deployment.member(ROOM);
    const announced = { ...old, epoch: Number(next.epoch) };
    assert.equal(await refusal(RoomGroup.joinExternally(newcomer, announced)), 'ENCRYPTION_STALE');
    const { commit: late } = await RoomGroup.joinExternally(newcomer, old);
    assert.equal(await refusal(bobNow.process(late)), 'ENCRYPTION_STALE');
    // The tree of another epoch, or with a changed bit, does not have the hash that a member signed.
    const mixed = { ...(await offer(next)), tree: old.tree };
    assert.equal(await refusal(RoomGroup.joinExternally(newcomer, mixed)), 'ENCRYPTION_INVALID');
    const { groupInfo } = await offer(next);
    const forged = { ...(await offer(next)), groupInfo: flipped(groupInfo, 3) };
    assert.equal(await refusal(RoomGroup.joinExternally(newcomer, forged)), 'ENCRYPTION_INVALID');
  });

  it('threat 43: a Welcome serves once, and only whom it is for', async () => {
    const [ann] = await pair();
    const newcomer = await deployment.member(ROOM);
    const own = await newcomer.newKeyPackage();
    const { welcome, next } = await ann.commit({ adds: [own.message] });
    assert.ok(welcome);
    const sent = { welcome, tree: next.tree };
    const stranger = await deployment.member(ROOM);
    assert.equal(
      await refusal(RoomGroup.joinByWelcome(stranger, await stranger.newKeyPackage(), sent)),
      'ENCRYPTION_INVALID',
    );
    await RoomGroup.joinByWelcome(newcomer, own, sent);
    assert.equal(await refusal(RoomGroup.joinByWelcome(newcomer, own, sent)), 'ENCRYPTION_INVALID');
  });

  it('threat 43: a key package serves once and for ten minutes', async (t) => {
    const { ann, bob, attacker } = await trio();
    const own = await (await deployment.member(ROOM)).newKeyPackage();
    const added = await ann.commit({ adds: [own.message] });
    added.next.adopt();
    const bobNow = await bob.process(added.commit);
    bobNow.adopt();
    const leaf = [...bobNow.members.keys()].at(-1) ?? 0;
    const removed = await added.next.commit({ removes: [leaf] });
    const bobLater = await bobNow.process(removed.commit);
    assert.equal(await refusal(bobLater.commit({ adds: [own.message] })), 'ENCRYPTION_INVALID');
    assert.equal(await refusal(removed.next.commit({ adds: [own.message] })), 'ENCRYPTION_INVALID');
    // One that expired two hours ago, in the commit of a member whose clock is late.
    const late = Date.now() - 7200_000 - KEY_PACKAGE_SECONDS * 1000;
    t.mock.timers.enable({ apis: ['Date'], now: late });
    const { publicPackage } = await (await Attacker.create(await deployment.device())).keyPackage();
    const commit = await attacker.commit([{ proposalType: 'add', add: { keyPackage: publicPackage } }]);
    t.mock.timers.reset();
    await assert.rejects(ann.process(commit), {
      code: 'ENCRYPTION_INVALID',
      detail: 'a key package that has expired or is not valid yet',
    });
  });

  it('threat 43: a newcomer replaces nobody but an earlier leaf of its own', async () => {
    const [ann, bob] = await pair();
    const attacker = await Attacker.create(await deployment.device('Eve'));
    const commit = await attacker.join(ann);
    const [message] = decodeMlsMessage(commit, 0) ?? [];
    assert.ok(message?.wireformat === 'mls_public_message');
    const { content } = message.publicMessage;
    assert.ok(content.contentType === 'commit');
    content.commit.proposals.push({
      proposalOrRefType: 'proposal',
      proposal: { proposalType: 'remove', remove: { removed: bob.ownLeaf } },
    });
    assert.equal(await refusal(ann.process(encodeMlsMessage(message))), 'ENCRYPTION_INVALID');
  });

  it('threat 43: a member cannot add what the group forbids: other context, PSKs, references, proposals by themselves', async () => {
    const { ann, attacker } = await trio();
    const stripped: Proposal = {
      proposalType: 'group_context_extensions',
      groupContextExtensions: { extensions: [] },
    };
    assert.equal(await refusal(ann.process(await attacker.commit([stripped]))), 'ENCRYPTION_INVALID');
    assert.equal(
      await refusal(ann.process(await attacker.commit([], { isPrivate: true }))),
      'ENCRYPTION_INVALID',
    );
    const reinit: Proposal = {
      proposalType: 'reinit',
      reinit: { groupId: new Uint8Array(16), version: 'mls10', cipherSuite: CIPHER_SUITE, extensions: [] },
    };
    assert.equal(await refusal(ann.process(await attacker.commit([reinit]))), 'ENCRYPTION_INVALID');
  });

  it('threat 43: ten thousand proposals are refused before they are looked at', async () => {
    const { ann, attacker } = await trio();
    const commit = withRemovals(await attacker.commit([]), 10_000);
    const [message] = decodeMlsMessage(commit, 0) ?? [];
    assert.ok(message?.wireformat === 'mls_public_message');
    const { content } = message.publicMessage;
    assert.ok(content.contentType === 'commit');
    assert.equal(content.commit.proposals.length, 10_000);
    const beganMs = performance.now();
    assert.equal(await refusal(ann.process(commit)), 'ENCRYPTION_INVALID');
    assert.ok(performance.now() - beganMs < 2000);
  });

  it('threat 24: a group with another policy, or of another room, is no group of this room', async () => {
    const off = await RoomGroup.create(await deployment.member({ ...ROOM, policy: 'allow-phones' }));
    assert.equal(
      await refusal(RoomGroup.joinExternally(await deployment.member(ROOM), await offer(off))),
      'ENCRYPTION_INVALID',
    );
    const elsewhere = await RoomGroup.create(await deployment.member({ ...ROOM, roomId: 'elsewhere' }));
    const newcomer = await deployment.member(ROOM);
    assert.equal(
      await refusal(RoomGroup.joinExternally(newcomer, await offer(elsewhere))),
      'ENCRYPTION_INVALID',
    );
    const own = await newcomer.newKeyPackage();
    const { welcome, next } = await elsewhere.commit({ adds: [own.message] });
    assert.ok(welcome);
    assert.equal(
      await refusal(RoomGroup.joinByWelcome(newcomer, own, { welcome, tree: next.tree })),
      'ENCRYPTION_INVALID',
    );
    assert.notDeepEqual(policyExtension(ROOM), policyExtension({ ...ROOM, policy: 'off' }));
  });
});
