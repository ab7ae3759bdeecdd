import type { SnapshotPart } from '../../../contract/index.ts';
import type { Room } from '../../kernel/index.ts';

/** The raised hands in each room. A hand stays raised only while its participant is in the room. */
export class Hands {
  /** By room: when each participant raised its hand, in that order. Unix time in milliseconds. */
  readonly #raisedAtMs = new WeakMap<Room, Map<string, number>>();

  /** The raised hands in a room, in the order they were raised. */
  in(room: Room): SnapshotPart<'hands'> {
    return [...this.#of(room)].map(([participantId, raisedAtMs]) => ({ participantId, raisedAtMs }));
  }

  /** Raises a hand and announces it, unless it is already raised. */
  raise(room: Room, participantId: string): void {
    const raised = this.#of(room);
    if (!raised.has(participantId)) {
      const raisedAtMs = Date.now();
      raised.set(participantId, raisedAtMs);
      room.append('hand.raised', { participantId, raisedAtMs });
    }
  }

  /** Lowers a hand and announces it, if it is raised. `by`: the participant who lowers it. */
  lower(room: Room, participantId: string, by: string): void {
    if (this.#of(room).delete(participantId)) {
      room.append('hand.lowered', { participantId, by });
    }
  }

  /** The hands in a room, without those of participants who have left. */
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
