import type { SnapshotPart } from '../../../contract/index.ts';
import type { Room } from '../../kernel/index.ts';

/** Whose hands are up in each room. A hand is up only while its participant is in the room. */
export class Hands {
  /** By room: when each participant raised its hand, the longest raised first. */
  readonly #raisedAtMs = new WeakMap<Room, Map<string, number>>();

  /** The hands that are up in a room, the longest first. */
  in(room: Room): SnapshotPart<'hands'> {
    return [...this.#of(room)].map(([participantId, raisedAtMs]) => ({ participantId, raisedAtMs }));
  }

  /** Raises a hand and tells everyone, unless it is up. */
  raise(room: Room, participantId: string): void {
    const raised = this.#of(room);
    if (!raised.has(participantId)) {
      const raisedAtMs = Date.now();
      raised.set(participantId, raisedAtMs);
      room.append('hand.raised', { participantId, raisedAtMs });
    }
  }

  /** Lowers a hand and tells everyone, if it is up. `by`: the participant who does it. */
  lower(room: Room, participantId: string, by: string): void {
    if (this.#of(room).delete(participantId)) {
      room.append('hand.lowered', { participantId, by });
    }
  }

  /** Forgets the hands of those who left. */
  #of(room: Room): Map<string, number> {
    const raised = this.#raisedAtMs.get(room) ?? new Map<string, number>();
    this.#raisedAtMs.set(room, raised);
    for (const participantId of raised.keys()) {
      if (!room.hostOf(participantId)) {
        raised.delete(participantId);
      }
    }
    return raised;
  }
}
