import type { SnapshotPart } from '../../../contract/index.ts';
import { type TrustStore, verifyChain } from '../../identity/index.ts';
import type { Room } from '../../kernel/index.ts';
import { GroupDelivery } from './group-delivery.ts';

/** The groups of all encrypted rooms. A group ends with its room. */
export class Encryption {
  readonly #deliveries = new Map<Room, GroupDelivery>();
  readonly #answerBytes: number;
  readonly #trust: TrustStore;

  /** @param answerBytes maximum size of an answer */
  constructor(answerBytes: number, trust: TrustStore) {
    this.#answerBytes = answerBytes;
    this.#trust = trust;
  }

  /** The delivery of a room's group; undefined if the room is not encrypted. */
  of(room: Room): GroupDelivery | undefined {
    if (room.encryption === 'off') {
      return undefined;
    }
    const delivery =
      this.#deliveries.get(room) ??
      new GroupDelivery(room, this.#answerBytes, {
        authorities: () => this.#trust.authorityKeys(room.certifiedBy ?? 'invite'),
        verify: (chain) => verifyChain(chain, this.#trust, Date.now()),
      });
    this.#deliveries.set(room, delivery);
    return delivery;
  }

  snapshot(room: Room): SnapshotPart<'encryption'> {
    const delivery = this.of(room);
    const group = delivery?.group;
    return {
      policy: room.encryption,
      ...(delivery && { authorities: [...delivery.authorities] }),
      group: group ? { groupId: group.groupId, epoch: group.epoch } : null,
    };
  }

  /** Tells all members of groups that there may be new revocations. */
  notifyRevoked(): void {
    for (const [room, { group }] of this.#deliveries) {
      if (group) {
        room.broadcast('encryption.revoked', {});
      }
    }
  }

  forget(room: Room): void {
    this.#deliveries.get(room)?.close();
    this.#deliveries.delete(room);
  }

  /** Number of groups with members. */
  get count(): number {
    return [...this.#deliveries.values()].filter(({ group }) => group !== undefined).length;
  }
}
