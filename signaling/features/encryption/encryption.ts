import type { SnapshotPart } from '../../../contract/index.ts';
import type { Room } from '../../kernel/index.ts';
import { GroupDelivery } from './group-delivery.ts';

/** The groups of all encrypted rooms. A group ends with its room. */
export class Encryption {
  readonly #deliveries = new Map<Room, GroupDelivery>();
  readonly #answerBytes: number;

  /** @param answerBytes maximum size of an answer */
  constructor(answerBytes: number) {
    this.#answerBytes = answerBytes;
  }

  /** The delivery of a room's group; undefined if the room is not encrypted. */
  of(room: Room): GroupDelivery | undefined {
    if (room.encryption === 'off') {
      return undefined;
    }
    const delivery = this.#deliveries.get(room) ?? new GroupDelivery(room, this.#answerBytes);
    this.#deliveries.set(room, delivery);
    return delivery;
  }

  snapshot(room: Room): SnapshotPart<'encryption'> {
    const group = this.of(room)?.group;
    return { policy: room.encryption, group: group ? { groupId: group.groupId, epoch: group.epoch } : null };
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
