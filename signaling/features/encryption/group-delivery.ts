import { LRUCache } from 'lru-cache';
import { encodeKeyPackage } from 'ts-mls/keyPackage.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import { CanopyError } from '../../../base/index.ts';
import type { ContentKind } from '../../../contract/content/index.ts';
import type { RequestResult } from '../../../contract/index.ts';
import {
  readCommit,
  readKeyPackage,
  refuse,
  requireGenuineKeyPackage,
  requireUsable,
} from '../../../contract/mls/index.ts';
import type { Peer, Room } from '../../kernel/index.ts';
import { ContentEpochs } from './content-epochs.ts';
import { type LeafDevice, leafDeviceOf, requireChain, type VerifyChain } from './leaf-chains.ts';
import { Newcomers } from './newcomers.ts';
import { PublicGroup } from './public-group.ts';

type Missed = NonNullable<RequestResult<'encryption.missed'>['missed']>;

/** Maximum number of commits that are kept for those who were away. */
const MAX_KEPT = 256;
/** How long a device counts as unable to use the group after it said so: it tries again within 30 s. In milliseconds. */
const STUCK_MS = 90_000;
/** Maximum number of devices that are remembered, to say later that they were revoked. */
const MAX_SEEN = 1000;
/** Maximum size of an answer without its commits or its tree, in bytes. */
const ANSWER_BYTES = 16 * 1024;
/** How much longer base64 is than what it stands for. */
const BASE64_FACTOR = 4 / 3;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** How a room's members are judged. */
export interface MemberRules {
  /** Of the devices that may enter the room: for a new group. */
  authorities(): readonly string[];
  verify: VerifyChain;
}

/**
 * Delivers the messages of a room's group in one order (RFC 9750 section 5): one commit ends an epoch, the first that comes. Checks what can
 * be checked without secrets: who commits, who is added and removed, and the public tree.
 */
export class GroupDelivery {
  readonly #room: Room;
  /** Maximum size of a tree with a Welcome, in characters of base64. The commits that are kept have half of it. */
  readonly #maxBytes: number;
  readonly #newcomers: Newcomers;
  readonly #rules: MemberRules;
  /** The account of each device that was in the group, or asked to be, since the room was opened: the latest ones. */
  readonly #seen = new LRUCache<string, string>({ max: MAX_SEEN });
  #group: PublicGroup | undefined;
  /** When each peer last said that it cannot use the group, by performance.now(). */
  readonly #stuck = new Map<string, number>();
  /** The latest commits, oldest first. */
  #kept: Missed = [];
  readonly #contentEpochs = new ContentEpochs();
  /** Requests are handled one at a time, as reading a commit takes a while. */
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * @param answerBytes maximum size of an answer: what a connection may have unsent
   */
  constructor(room: Room, answerBytes: number, rules: MemberRules) {
    this.#room = room;
    this.#rules = rules;
    this.#maxBytes = answerBytes - ANSWER_BYTES;
    this.#newcomers = new Newcomers({
      waits: (peerId) => {
        const peer = room.peers.get(peerId);
        return peer !== undefined && !this.#isMember(peer);
      },
      ask: (rank, keyPackages) => this.#ask(rank, keyPackages),
    });
  }

  /** The room's group, as long as a member is in the room. */
  get group(): PublicGroup | undefined {
    return [...this.#room.peers.values()].some((peer) => this.#isMember(peer)) ? this.#group : undefined;
  }

  /** The keys of the authorities that members must have: those of the group, if there is one. */
  get authorities(): readonly string[] {
    return this.group?.authorities ?? this.#rules.authorities();
  }

  /** The latest devices that were in the group, with their accounts. */
  get seen(): ReadonlyMap<string, string> {
    return new Map(this.#seen.entries());
  }

  create(
    peer: Peer,
    { groupInfo, tree }: { groupInfo: Uint8Array; tree: Uint8Array },
  ): Promise<'accepted' | 'late'> {
    return this.#serialize(async () => {
      if (this.group && !this.#isAlone(peer)) {
        return 'late';
      }
      const { roomId, encryption: policy } = this.#room;
      const group = await PublicGroup.create(
        { roomId, policy, authorities: this.#rules.authorities() },
        { groupInfo, tree, device: this.#deviceOf(peer) },
      );
      this.#requireInside(peer);
      this.#replace(group);
      this.#newcomers.drop(peer.peerId);
      this.#room.append('encryption.created', { groupId: group.groupId });
      this.#newcomers.committed();
      return 'accepted';
    });
  }

  join(
    peer: Peer,
    { keyPackage, alone = false }: { keyPackage: Uint8Array; alone?: boolean | undefined },
  ): Promise<RequestResult<'encryption.join'>> {
    return this.#serialize(async () => {
      const { group } = this;
      // Whoever comes back to a group with nobody else in it could not take its own leaf out: ts-mls reads no empty tree.
      if (!group || this.#isAlone(peer)) {
        return { way: 'create' };
      }
      const read = readKeyPackage(keyPackage);
      await requireChain(read.leafNode, this.#deviceOf(peer), group.leafOf(peer.deviceId));
      await requireGenuineKeyPackage(read);
      this.#requireInside(peer);
      // Whoever has a leaf already replaces it, which no other member can do.
      if (!alone && !this.#isMember(peer) && this.#newcomers.mustWait(Date.now())) {
        this.#newcomers.wait(peer.peerId, keyPackage);
        return { way: 'wait' };
      }
      this.#newcomers.drop(peer.peerId);
      const { groupId, epoch, groupInfo, tree } = group;
      return { way: 'commit', groupId, epoch, groupInfo: base64(groupInfo), tree: base64(tree) };
    });
  }

  commit(
    peer: Peer,
    {
      commit,
      groupInfo,
      welcome,
    }: { commit: Uint8Array; groupInfo: Uint8Array; welcome: Uint8Array | undefined },
  ): Promise<RequestResult<'encryption.commit'>> {
    return this.#serialize(async () => {
      const handshake = readCommit(commit);
      const { group } = this;
      const groupId = Buffer.from(handshake.groupId).toString('hex');
      if (groupId !== group?.groupId) {
        return { outcome: 'late' };
      }
      if (handshake.epoch < BigInt(group.epoch)) {
        const missed = this.missed(groupId, Number(handshake.epoch));
        return { outcome: 'late', ...(missed && { missed }) };
      }
      if (handshake.epoch > BigInt(group.epoch)) {
        refuse('a commit of an epoch that has not begun');
      }
      const { adds } = handshake;
      const added = this.#requirePermitted(group, handshake, peer);
      if (added.length > 0 && !welcome) {
        refuse('members are added without a Welcome');
      }
      const addedBytes = adds.reduce((bytes, each) => bytes + encodeKeyPackage(each).length, 0);
      if (commit.length > group.commitBytes + addedBytes) {
        refuse('a commit with more bytes than it needs');
      }
      const next = await group.after(handshake, { groupInfo, device: this.#deviceOf(peer) });
      if ((next.tree.length + (welcome?.length ?? 0)) * BASE64_FACTOR > this.#maxBytes) {
        refuse('the tree would be too large to be sent');
      }
      this.#requireInside(peer);
      this.#begin(next);
      // Whoever commits can use it.
      this.usable(peer);
      const entry = { epoch: group.epoch, commit: base64(commit) };
      this.#keep(entry);
      this.#newcomers.drop(peer.peerId);
      this.#room.append('encryption.committed', { groupId, ...entry });
      if (welcome) {
        const event = { groupId, epoch: next.epoch, welcome: base64(welcome), tree: base64(next.tree) };
        for (const peerId of added) {
          this.#newcomers.drop(peerId);
          this.#room.peers.get(peerId)?.send('encryption.welcome', event);
        }
      }
      this.#newcomers.committed();
      return { outcome: 'accepted' };
    });
  }

  /** A device cannot use the group. If that is so of every connected device, the group ends. */
  stuck(peer: Peer, groupId: string): Promise<void> {
    return this.#serialize(async () => {
      if (this.group?.groupId !== groupId) {
        return;
      }
      this.#requireInside(peer);
      const nowMs = performance.now();
      for (const peerId of this.#stuck.keys()) {
        if (!this.#room.peers.has(peerId)) {
          this.#stuck.delete(peerId);
        }
      }
      this.#stuck.set(peer.peerId, nowMs);
      const isStuck = ({ peerId }: Peer) =>
        nowMs - (this.#stuck.get(peerId) ?? Number.NEGATIVE_INFINITY) < STUCK_MS;
      const present = [...this.#room.peers.values()].filter(
        ({ connection, principal }) => connection && principal.kind !== 'stream',
      );
      if (present.every(isStuck)) {
        this.#replace(undefined);
        this.#room.append('encryption.ended', { groupId });
      }
    });
  }

  /** A device can use the group. */
  usable({ peerId }: Peer): void {
    this.#stuck.delete(peerId);
  }

  /** The commits from an epoch on; undefined if some are no longer kept. */
  missed(groupId: string, epoch: number): Missed | undefined {
    const { group } = this;
    if (!group || group.groupId !== groupId || epoch > group.epoch) {
      return undefined;
    }
    const missed = this.#kept.filter((each) => each.epoch >= epoch);
    return missed.length === group.epoch - epoch ? missed : undefined;
  }

  /**
   * Refuses content (an envelope, base64) that is not of this kind, or that a peer's device did not seal in one of the latest epochs.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID; ENCRYPTION_STALE - it is of another group, or of an epoch of long ago
   */
  requireSealed({ deviceId }: Peer, sealed: string, kind: ContentKind): void {
    this.#contentEpochs.require(this.group?.groupId, deviceId, { sealed, kind });
  }

  close(): void {
    this.#newcomers.close();
  }

  /** Another group takes the place of the former one. */
  #replace(group: PublicGroup | undefined): void {
    this.#group = undefined;
    this.#contentEpochs.clear();
    this.#kept = [];
    this.#stuck.clear();
    if (group) {
      this.#begin(group);
    }
  }

  /** An epoch begins. */
  #begin(group: PublicGroup): void {
    this.#group = group;
    this.#contentEpochs.add(group);
  }

  /** Keeps a commit, and drops the oldest ones that are too many for one answer. */
  #keep(entry: Missed[number]): void {
    const kept = [...this.#kept, entry].slice(-MAX_KEPT);
    let bytes = 0;
    const fits = kept.toReversed().findIndex((each) => {
      bytes += JSON.stringify(each).length + 1;
      return bytes > this.#maxBytes / 2;
    });
    this.#kept = fits === -1 ? kept : kept.slice(kept.length - fits);
  }

  /**
   * Members leave the group after they left the room, and come in with the key package that they sent themselves.
   *
   * @returns the peers that are added
   * @throws {CanopyError} ENCRYPTION_INVALID
   */
  #requirePermitted(
    { devices }: PublicGroup,
    { sender, removes, adds }: ReturnType<typeof readCommit>,
    peer: Peer,
  ): string[] {
    const inside = new Set([...this.#room.peers.values()].map(({ deviceId }) => deviceId));
    const isOwn = (index: number) => sender === undefined && devices.get(index) === peer.deviceId;
    if (removes.some((index) => inside.has(devices.get(index) ?? '') && !isOwn(index))) {
      refuse('the removal of somebody who is in the room');
    }
    return adds.map((keyPackage) => {
      requireUsable(keyPackage);
      const message = { version: 'mls10', wireformat: 'mls_key_package', keyPackage } as const;
      return (
        this.#newcomers.ownerOf(encodeMlsMessage(message)) ?? refuse('somebody is added who did not ask')
      );
    });
  }

  #ask(rank: number, keyPackages: Uint8Array[]): boolean {
    const connected = new Map(
      [...this.#room.peers.values()].flatMap((peer) =>
        peer.connection ? [[peer.deviceId, peer] as const] : [],
      ),
    );
    const members = [...(this.#group?.devices ?? [])].sort(([a], [b]) => a - b);
    const asked = members.flatMap(([, deviceId]) => connected.get(deviceId) ?? [])[rank];
    asked?.send('encryption.waiting', { keyPackages: keyPackages.map(base64) });
    return asked !== undefined;
  }

  /** Somebody may have left while the message was read. @throws {CanopyError} ROOM_NOT_JOINED */
  #requireInside(peer: Peer): void {
    if (this.#room.peers.get(peer.peerId) !== peer) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    this.#seen.set(peer.deviceId, peer.accountId);
  }

  #deviceOf(peer: Peer): LeafDevice {
    return leafDeviceOf(peer, this.#room, this.#rules.verify);
  }

  /** Whether the device is the only member. */
  #isAlone({ deviceId }: Peer): boolean {
    const devices = [...(this.#group?.devices.values() ?? [])];
    return devices.length === 1 && devices[0] === deviceId;
  }

  #isMember({ deviceId }: Peer): boolean {
    return [...(this.#group?.devices.values() ?? [])].includes(deviceId);
  }

  #serialize<T>(handle: () => Promise<T>): Promise<T> {
    const handled = this.#queue.then(handle);
    this.#queue = handled.catch(() => undefined);
    return handled;
  }
}
