import type { GroupInfo, LeafNode, RatchetTree } from 'ts-mls';
import { encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import {
  applyCommit,
  foundedContext,
  type GroupRoom,
  type Handshake,
  leafAt,
  leavesOf,
  nextContext,
  readGroupInfo,
  readLeafChain,
  readTree,
  refuse,
  requireGenuineCommit,
  requireGenuineFounder,
  requireGenuineGroupInfo,
  requirePolicy,
} from '../../../contract/mls/index.ts';
import { type LeafDevice, requireChain } from './leaf-chains.ts';

/** Length of a group's random id, in bytes. */
const GROUP_ID_BYTES = 16;
/** What a commit needs in any case: a leaf with its certificates, signatures, and the commit's framing. */
const COMMIT_BYTES = 20 * 1024;
/** What a commit needs for each leaf of the tree: a secret in its path, and the path's keys. */
const COMMIT_BYTES_PER_LEAF = 256;

/** What the server knows of a group in one epoch: all of it is public. */
export class PublicGroup {
  /** Hex. */
  readonly groupId: string;
  readonly epoch: number;
  /** The device id of each member, by leaf index. */
  readonly devices: ReadonlyMap<number, string>;
  /** For those who join by an external commit. */
  readonly groupInfo: Uint8Array;
  /** Encoded. */
  readonly tree: Uint8Array;
  readonly #room: GroupRoom;
  readonly #tree: RatchetTree;
  readonly #info: GroupInfo;

  private constructor(
    room: GroupRoom,
    group: {
      info: GroupInfo;
      groupInfo: Uint8Array;
      tree: RatchetTree;
      devices: ReadonlyMap<number, string>;
    },
  ) {
    const { groupId, epoch } = group.info.groupContext;
    this.#room = room;
    this.groupId = Buffer.from(groupId).toString('hex');
    this.epoch = Number(epoch);
    this.devices = group.devices;
    this.groupInfo = group.groupInfo;
    this.tree = encodeRatchetTree(group.tree);
    this.#tree = group.tree;
    this.#info = group.info;
  }

  /**
   * A group of one member.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID, and the CERT_ codes of chains that cannot be read
   */
  static async create(
    room: GroupRoom,
    { groupInfo, tree, device }: { groupInfo: Uint8Array; tree: Uint8Array; device: LeafDevice },
  ): Promise<PublicGroup> {
    const ratchetTree = readTree(tree);
    const leaf = leafAt(ratchetTree, 0);
    if (!leaf || ratchetTree.length !== 1) {
      refuse('a new group has one member');
    }
    await requireChain(leaf, device);
    await requireGenuineFounder(leaf);
    const info = readGroupInfo(groupInfo);
    const { groupId, extensions } = info.groupContext;
    if (groupId.length !== GROUP_ID_BYTES) {
      refuse('a group’s id has another length');
    }
    requirePolicy(extensions, room);
    const context = await foundedContext(ratchetTree, { groupId, extensions });
    await requireGenuineGroupInfo(info, { context, tree: ratchetTree, signer: 0 });
    return new PublicGroup(room, {
      info,
      groupInfo,
      tree: ratchetTree,
      devices: new Map([[0, device.deviceId]]),
    });
  }

  /**
   * The epoch after a commit by a device.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - also if the device may not make this commit; and the CERT_ codes
   */
  async after(
    commit: Handshake,
    { groupInfo, device }: { groupInfo: Uint8Array; device: LeafDevice },
  ): Promise<PublicGroup> {
    const { sender, path, removes } = commit;
    const { deviceId } = device;
    if (sender !== undefined && this.devices.get(sender) !== deviceId) {
      refuse('the committer is another device');
    }
    if (sender === undefined && removes.some((index) => this.devices.get(index) !== deviceId)) {
      refuse('a newcomer that removes somebody else');
    }
    if (path) {
      await requireChain(path.leafNode, device, this.leafOf(deviceId));
    }
    const { tree, committer } = await applyCommit(this.#tree, commit);
    const devices = await this.#devicesOf(tree, commit, deviceId);
    await requireGenuineCommit(commit, { tree: this.#tree, context: this.#info.groupContext }, committer);
    const info = readGroupInfo(groupInfo);
    const { auth } = commit.message;
    await requireGenuineGroupInfo(info, {
      context: await nextContext(commit, this.#info, tree),
      tree,
      signer: committer,
      ...(auth.contentType === 'commit' && { confirmationTag: auth.confirmationTag }),
    });
    return new PublicGroup(this.#room, { info, groupInfo, tree, devices });
  }

  /** Who is in a later tree. @throws {CanopyError} ENCRYPTION_INVALID - somebody unexpected, or twice */
  async #devicesOf(
    tree: RatchetTree,
    { adds }: Handshake,
    committer: string,
  ): Promise<ReadonlyMap<number, string>> {
    const added = await Promise.all(
      adds.map(async ({ leafNode }) => (await readLeafChain(leafNode)).deviceId),
    );
    const known = new Set([...this.devices.values(), committer, ...added]);
    const devices = new Map<number, string>();
    const seen = new Set<string>();
    for (const [index, leaf] of leavesOf(tree)) {
      const id = leafAt(this.#tree, index) === leaf ? this.devices.get(index) : undefined;
      const device = id ?? (await readLeafChain(leaf)).deviceId;
      if (!known.has(device) || seen.has(device)) {
        refuse('a device that is not expected, or is in the group twice');
      }
      seen.add(device);
      devices.set(index, device);
    }
    return devices;
  }

  /** The keys of the authorities of its members. */
  get authorities(): readonly string[] {
    return this.#room.authorities;
  }

  /** A member's leaf. */
  leafOf(deviceId: string): LeafNode | undefined {
    const [index] = [...this.devices].find(([, id]) => id === deviceId) ?? [];
    return index === undefined ? undefined : leafAt(this.#tree, index);
  }

  /** Maximum size of a commit in this epoch, in bytes, besides whom it adds. */
  get commitBytes(): number {
    return COMMIT_BYTES + COMMIT_BYTES_PER_LEAF * this.#tree.length;
  }
}
