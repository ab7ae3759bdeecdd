import type { LeafNode, RatchetTree } from 'ts-mls';
import { encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import {
  applyCommit,
  type Handshake,
  leafAt,
  leavesOf,
  readGroupInfo,
  readLeafChain,
  readTree,
  refuse,
  requirePolicy,
  requireTreeHash,
} from '../../../contract/mls/index.ts';

/** The room and its policy, which the group must be for. */
export interface GroupRoom {
  roomId: string;
  policy: string;
}

/** What the server knows of a group in one epoch: all of it is public. */
export class PublicGroup {
  /** Hex. */
  readonly groupId: string;
  readonly epoch: number;
  /** The device id of each member, by leaf index. */
  readonly devices: ReadonlyMap<number, string>;
  /** For those who join by an external commit. */
  readonly groupInfo: Uint8Array;
  readonly #room: GroupRoom;
  readonly #tree: RatchetTree;

  private constructor(
    room: GroupRoom,
    group: Pick<PublicGroup, 'groupId' | 'epoch' | 'devices' | 'groupInfo'> & { tree: RatchetTree },
  ) {
    this.#room = room;
    this.groupId = group.groupId;
    this.epoch = group.epoch;
    this.devices = group.devices;
    this.groupInfo = group.groupInfo;
    this.#tree = group.tree;
  }

  /**
   * A group of one member.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID, and the CERT_ codes of chains that cannot be read
   */
  static async create(
    room: GroupRoom,
    { groupInfo, tree, deviceId }: { groupInfo: Uint8Array; tree: Uint8Array; deviceId: string },
  ): Promise<PublicGroup> {
    const ratchetTree = readTree(tree);
    const [first, ...others] = leavesOf(ratchetTree);
    if (first?.[0] !== 0 || others.length > 0) {
      refuse('a new group has one member');
    }
    await requireDevice(first[1], deviceId);
    return PublicGroup.#create(
      room,
      { groupInfo, tree: ratchetTree, epoch: 0, signer: 0 },
      new Map([[0, deviceId]]),
    );
  }

  static async #create(
    room: GroupRoom,
    expected: { groupInfo: Uint8Array; tree: RatchetTree; epoch: number; signer: number; groupId?: string },
    devices: ReadonlyMap<number, string>,
  ): Promise<PublicGroup> {
    const { groupContext, signer, extensions } = readGroupInfo(expected.groupInfo);
    const groupId = Buffer.from(groupContext.groupId).toString('hex');
    requirePolicy(groupContext.extensions, room);
    if (
      groupContext.epoch !== BigInt(expected.epoch) ||
      signer !== expected.signer ||
      groupId.length !== 32 ||
      groupId !== (expected.groupId ?? groupId) ||
      extensions.length !== 1 ||
      extensions[0]?.extensionType !== 'external_pub'
    ) {
      refuse('the GroupInfo is not that of the new epoch');
    }
    await requireTreeHash(expected.tree, groupContext.treeHash);
    const { epoch, groupInfo, tree } = expected;
    return new PublicGroup(room, { groupId, epoch, devices, groupInfo, tree });
  }

  get tree(): Uint8Array {
    return encodeRatchetTree(this.#tree);
  }

  /**
   * The epoch after a commit by a device.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - also if the device may not make this commit; and the CERT_ codes
   */
  async after(
    commit: Handshake,
    { groupInfo, deviceId }: { groupInfo: Uint8Array; deviceId: string },
  ): Promise<PublicGroup> {
    const { sender, path, removes, adds } = commit;
    if (sender !== undefined && this.devices.get(sender) !== deviceId) {
      refuse('the committer is another device');
    }
    if (path) {
      await requireDevice(path.leafNode, deviceId);
    }
    if (sender === undefined && removes.some((index) => this.devices.get(index) !== deviceId)) {
      refuse('a newcomer that removes somebody else');
    }
    const added = await Promise.all(
      adds.map(async ({ leafNode }) => (await readLeafChain(leafNode)).deviceId),
    );
    const { tree, committer } = await applyCommit(this.#tree, commit);
    const devices = new Map<number, string>();
    const known = new Set([...this.devices.values(), deviceId, ...added]);
    for (const [index, leaf] of leavesOf(tree)) {
      const id = leafAt(this.#tree, index) === leaf ? this.devices.get(index) : undefined;
      const device = id ?? (await readLeafChain(leaf)).deviceId;
      if (!known.has(device) || [...devices.values()].includes(device)) {
        refuse('a device that is not expected, or is in the group twice');
      }
      devices.set(index, device);
    }
    const { groupId, epoch } = this;
    const next = { groupInfo, tree, epoch: epoch + 1, signer: committer, groupId };
    return PublicGroup.#create(this.#room, next, devices);
  }
}

/** @throws {CanopyError} ENCRYPTION_INVALID - it is the leaf of another device */
async function requireDevice(leaf: LeafNode, deviceId: string): Promise<void> {
  if ((await readLeafChain(leaf)).deviceId !== deviceId) {
    refuse('the leaf of another device');
  }
}
