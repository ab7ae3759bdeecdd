import type { ClientState, Credential, GroupInfo, LeafNode, RatchetTree } from 'ts-mls';
import { createGroup, joinGroup } from 'ts-mls/clientState.js';
import { createCommit, createGroupInfoWithExternalPub, joinGroupExternal } from 'ts-mls/createCommit.js';
import { encodeGroupInfo } from 'ts-mls/groupInfo.js';
import { mlsExporter } from 'ts-mls/keySchedule.js';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
import { processPublicMessage } from 'ts-mls/processMessages.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import { addLeafNode, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { zeroOutUint8Array } from 'ts-mls/util/byteArray.js';
import { CanopyError } from '../../../../contract/light.ts';
import {
  type Handshake,
  leafAt,
  leavesOf,
  policyExtension,
  readCommit,
  readGroupInfo,
  readKeyPackage,
  readLeafChain,
  readTree,
  refuse,
  requirePolicy,
  staysReadable,
} from '../../../../contract/mls/index.ts';
import {
  BASE_KEY_BYTES,
  deviceMember,
  type EpochKeys,
  type SFrameSuite,
} from '../../../../contract/sframe/index.ts';
import { equalBytes, randomBytes, sha256, toBase64, toHex } from '../../bytes.ts';
import { CONTENT_LABEL, CONTENT_SECRET_BYTES, type ContentEpoch } from '../content/index.ts';
import type { MemberIdentity } from './credential-judge.ts';
import { addProposal, type GroupMember, type OwnKeyPackage, takeSecrets } from './group-member.ts';
import { roomCode } from './verification-code.ts';

/** Length of a group's random id, in bytes. */
const GROUP_ID_BYTES = 16;
const SFRAME_LABEL = 'SFrame 1.0 Base Key';

/** An epoch that this device made and offers to the others: it counts once the server has put its commit first. */
export interface OfferedEpoch {
  readonly next: RoomGroup;
  /** The commit: an MLSMessage with a PublicMessage. */
  readonly commit: Uint8Array;
  /** For whom it adds: an MLSMessage with a Welcome. They need the tree too. */
  readonly welcome: Uint8Array | undefined;
}

/**
 * One epoch of a room's MLS group (RFC 9420) from the point of view of a member. Immutable: whatever changes the group makes another one,
 * so that a commit that comes second can be dropped.
 */
export class RoomGroup {
  readonly members: ReadonlyMap<number, MemberIdentity>;
  readonly #member: GroupMember;
  readonly #state: ClientState;
  /** Runs when it replaces the epoch before it: secrets of that one are overwritten. */
  readonly #adopt: () => void;

  private constructor(
    member: GroupMember,
    state: ClientState,
    members: ReadonlyMap<number, MemberIdentity>,
    adopt: () => void = () => {},
  ) {
    this.#member = member;
    this.#state = state;
    this.members = members;
    this.#adopt = adopt;
  }

  /** Founds a group with this device as its only member. */
  static async create(member: GroupMember): Promise<RoomGroup> {
    const { room, cipherSuite, config } = member;
    const own = await member.newKeyPackage();
    const state = await createGroup(
      randomBytes(GROUP_ID_BYTES),
      own.publicPackage,
      takeSecrets(own),
      [policyExtension(room)],
      cipherSuite,
      config,
    );
    return RoomGroup.#create(member, state);
  }

  /**
   * Joins by an external commit (RFC 9420 section 12.4.3.2).
   *
   * @param epoch the group's epoch by what the server says, which the GroupInfo has to be of
   * @throws {CanopyError} ENCRYPTION_INVALID, ENCRYPTION_STALE, and the CERT_ codes of members
   */
  static async joinExternally(
    member: GroupMember,
    offer: { groupInfo: Uint8Array; tree: Uint8Array; epoch: number },
  ): Promise<OfferedEpoch> {
    const { cipherSuite, config } = member;
    const groupInfo = readGroupInfo(offer.groupInfo);
    const tree = readTree(offer.tree);
    requireContext(member, groupInfo, BigInt(offer.epoch));
    const members = await identify(member, tree);
    // A device that comes back takes its former leaf out itself.
    const isBack = [...members.values()].some(({ deviceId }) => deviceId === member.deviceId);
    const own = await member.newKeyPackage();
    const { publicMessage, newState } = await attempt('the group cannot be joined', () =>
      joinGroupExternal(groupInfo, own.publicPackage, takeSecrets(own), isBack, cipherSuite, tree, config),
    );
    const commit = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage });
    return { next: await RoomGroup.#create(member, newState), commit, welcome: undefined };
  }

  /**
   * Joins by the Welcome of a member that added this device.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - also if the key package was used already; and the CERT_ codes of members
   */
  static async joinByWelcome(
    member: GroupMember,
    own: OwnKeyPackage,
    { welcome, tree }: { welcome: Uint8Array; tree: Uint8Array },
  ): Promise<RoomGroup> {
    const { cipherSuite, config } = member;
    const ratchetTree = readTree(tree);
    const message = await attempt(
      'the Welcome cannot be read',
      async () => decodeMlsMessage(welcome, 0)?.[0],
    );
    if (message?.wireformat !== 'mls_welcome') {
      refuse('not a Welcome');
    }
    await identify(member, ratchetTree);
    const secrets = takeSecrets(own);
    const state = await attempt('the Welcome is not for this device', () =>
      joinGroup(
        message.welcome,
        own.publicPackage,
        secrets,
        emptyPskIndex,
        cipherSuite,
        ratchetTree,
        undefined,
        config,
      ),
    );
    requirePolicy(state.groupContext.extensions, member.room);
    return RoomGroup.#create(member, state);
  }

  static async #create(member: GroupMember, state: ClientState, adopt?: () => void): Promise<RoomGroup> {
    return new RoomGroup(member, state, await identify(member, state.ratchetTree), adopt);
  }

  get groupId(): Uint8Array {
    return this.#state.groupContext.groupId;
  }

  get epoch(): bigint {
    return this.#state.groupContext.epoch;
  }

  get ownLeaf(): number {
    return this.#state.privatePath.leafIndex;
  }

  /** Whether this device was removed. Nothing can be done with the group any more. */
  get isRemoved(): boolean {
    return this.#state.groupActiveState.kind === 'removedFromGroup';
  }

  /** Which epoch it is, the same for all who are in it, and for nobody else: its authenticator (RFC 9420 section 8.7). */
  get authenticator(): Uint8Array {
    return this.#state.keySchedule.epochAuthenticator;
  }

  /** What tells others in which epoch this device is, and reveals nothing else: base64. */
  async headDigest(): Promise<string> {
    const label = new TextEncoder().encode('canopy/group-head/1\n');
    return toBase64(await sha256(new Uint8Array([...label, ...this.authenticator])));
  }

  /** The digits that everyone compares. */
  code(): Promise<string[]> {
    return roomCode(this.authenticator);
  }

  /** What media needs of this epoch. `without`: members whose frames must not be decrypted. */
  async epochKeys(without: ReadonlySet<string> = new Set()): Promise<EpochKeys> {
    const suites = Object.entries(BASE_KEY_BYTES) as Array<[SFrameSuite, number]>;
    const keys = await Promise.all(
      suites.map(async ([suite, length]) => [suite, await this.#export(SFRAME_LABEL, length)] as const),
    );
    const members = [...this.members].filter(([, { deviceId }]) => !without.has(deviceId));
    return {
      groupId: toHex(this.groupId),
      epoch: this.epoch,
      baseKeys: Object.fromEntries(keys) as EpochKeys['baseKeys'],
      ownLeaf: this.ownLeaf,
      members: new Map(members.map(([leaf, { deviceId }]) => [leaf, deviceMember(deviceId)])),
    };
  }

  /** What messages and files need of this epoch. */
  async contentEpoch(): Promise<ContentEpoch> {
    const bytes = new Uint8Array(await this.#export(CONTENT_LABEL, CONTENT_SECRET_BYTES));
    const secret = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
    zeroOutUint8Array(bytes);
    const { groupId, epoch, ownLeaf, members } = this;
    return { groupId: toHex(groupId), epoch, secret, ownLeaf, members };
  }

  /** A secret of this epoch for another purpose (RFC 9420 section 8.5). */
  #export(label: string, length: number): Promise<Uint8Array> {
    const { exporterSecret } = this.#state.keySchedule;
    return mlsExporter(exporterSecret, label, new Uint8Array(), length, this.#member.cipherSuite);
  }

  /** What others need to join: GroupInfo without the tree. */
  async groupInfo(): Promise<Uint8Array> {
    return encodeGroupInfo(await createGroupInfoWithExternalPub(this.#state, [], this.#member.cipherSuite));
  }

  /** The public tree, which a joiner needs besides the GroupInfo or the Welcome. */
  get tree(): Uint8Array {
    return encodeRatchetTree(this.#state.ratchetTree);
  }

  /**
   * Those of some newcomers, in their order, whom this device can add without making the tree one that others cannot join
   * (staysReadable()). The rest have to join by commits of their own.
   *
   * @param messages their key packages, as they sent them
   */
  addable(messages: readonly Uint8Array[]): readonly Uint8Array[] {
    let tree = this.#state.ratchetTree;
    let count = 0;
    for (const [i, message] of messages.entries()) {
      [tree] = addLeafNode(tree, readKeyPackage(message).leafNode);
      if (staysReadable(tree)) {
        count = i + 1;
      }
    }
    return messages.slice(0, count);
  }

  /** The device that a commit says it is of; undefined: it says nothing that can be read. Nothing is verified. */
  async committerOf(bytes: Uint8Array): Promise<string | undefined> {
    try {
      const { sender, path } = readCommit(bytes);
      return sender === undefined
        ? path && (await readLeafChain(path.leafNode)).deviceId
        : this.members.get(sender)?.deviceId;
    } catch {
      return undefined;
    }
  }

  /**
   * Offers an epoch without some members and with others.
   *
   * @param change leaf indices to remove; key packages to add, as their owners sent them
   * @throws {CanopyError} ENCRYPTION_INVALID, and the CERT_ codes
   */
  async commit(change: { removes?: readonly number[]; adds?: readonly Uint8Array[] }): Promise<OfferedEpoch> {
    const keyPackages = (change.adds ?? []).map((message) => readKeyPackage(message));
    const markUsed = await this.#member.requireAddable(keyPackages);
    const removes = (change.removes ?? []).map((removed) => ({
      proposalType: 'remove' as const,
      remove: { removed },
    }));
    const { commit, welcome, newState, consumed } = await attempt('no commit can be made', () =>
      createCommit(
        { state: this.#state, cipherSuite: this.#member.cipherSuite },
        { wireAsPublicMessage: true, extraProposals: [...removes, ...keyPackages.map(addProposal)] },
      ),
    );
    const next = await RoomGroup.#create(this.#member, newState, () => {
      markUsed();
      consumed.forEach(zeroOutUint8Array);
    });
    return {
      next,
      commit: encodeMlsMessage(commit),
      welcome: welcome && encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }),
    };
  }

  /**
   * The epoch after a commit of somebody else. Call adopt() on it when it takes the place of this one.
   *
   * @throws {CanopyError} ENCRYPTION_STALE - a commit of another epoch: a replay, or one is missing; ENCRYPTION_INVALID and the CERT_ codes -
   * it breaks the rules
   */
  async process(bytes: Uint8Array): Promise<RoomGroup> {
    const handshake = readCommit(bytes);
    this.#requireNext(handshake);
    const markUsed = await this.#requirePermitted(handshake);
    const { newState, consumed } = await attempt('the commit is not genuine', () =>
      processPublicMessage(this.#state, handshake.message, emptyPskIndex, this.#member.cipherSuite),
    );
    return RoomGroup.#create(this.#member, newState, () => {
      markUsed();
      consumed.forEach(zeroOutUint8Array);
    });
  }

  /** Overwrites what the epoch before it no longer needs. */
  adopt(): void {
    this.#adopt();
  }

  #requireNext({ groupId, epoch }: Handshake): void {
    if (!equalBytes(groupId, this.groupId)) {
      refuse('a commit of another group');
    }
    if (epoch !== this.epoch) {
      throw new CanopyError('ENCRYPTION_STALE', `a commit of epoch ${epoch} in epoch ${this.epoch}`);
    }
  }

  /** Rules of rooms that MLS leaves to applications. Each leaf keeps its device; a newcomer replaces nobody but itself. */
  async #requirePermitted({ sender, adds, removes, path }: Handshake): Promise<() => void> {
    const committer = path && (await this.#identityOfCommitter(path.leafNode, sender));
    if (sender !== undefined && committer && committer.deviceId !== this.members.get(sender)?.deviceId) {
      refuse('a member’s leaf with the certificate of another device');
    }
    if (
      sender === undefined &&
      removes.some((index) => this.members.get(index)?.deviceId !== committer?.deviceId)
    ) {
      refuse('a newcomer that removes somebody else');
    }
    return this.#member.requireAddable(adds);
  }

  /** Only a certificate that is new in the group has to be valid now. */
  #identityOfCommitter(leaf: LeafNode, sender: number | undefined): Promise<MemberIdentity> {
    const before = sender === undefined ? undefined : leafAt(this.#state.ratchetTree, sender);
    return before && isSameCredential(before.credential, leaf.credential)
      ? this.#member.identityOf(leaf)
      : this.#member.newIdentityOf(leaf);
  }
}

function isSameCredential(a: Credential, b: Credential): boolean {
  return (
    a.credentialType === 'x509' &&
    b.credentialType === 'x509' &&
    a.certificates.length === b.certificates.length &&
    a.certificates.every((der, i) => equalBytes(der, b.certificates[i] ?? new Uint8Array()))
  );
}

/** Checks what a GroupInfo is about. @throws {CanopyError} ENCRYPTION_INVALID, ENCRYPTION_STALE */
function requireContext(member: GroupMember, { groupContext }: GroupInfo, epoch: bigint): void {
  requirePolicy(groupContext.extensions, member.room);
  if (groupContext.cipherSuite !== member.cipherSuite.name) {
    refuse(`a group with ${groupContext.cipherSuite}`);
  }
  if (groupContext.epoch !== epoch) {
    throw new CanopyError(
      'ENCRYPTION_STALE',
      `the GroupInfo is of epoch ${groupContext.epoch}, not ${epoch}`,
    );
  }
}

/** Everyone in a tree. @throws {CanopyError} ENCRYPTION_INVALID and the CERT_ codes - somebody may not be in it */
async function identify(member: GroupMember, tree: RatchetTree): Promise<Map<number, MemberIdentity>> {
  const members = new Map<number, MemberIdentity>();
  for (const [index, leaf] of leavesOf(tree)) {
    members.set(index, await member.identityOf(leaf));
  }
  return members;
}

/** Runs a function of the library, whose errors have no codes. @throws {CanopyError} ENCRYPTION_INVALID */
async function attempt<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    refuse(cause instanceof Error ? `${what}: ${cause.message}` : what, cause);
  }
}
