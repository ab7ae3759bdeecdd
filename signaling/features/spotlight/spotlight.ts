import { CanopyError } from '../../../base/index.ts';
import type { Room } from '../../kernel/index.ts';
import { MAX_SPOTLIGHTED } from './contract.ts';

/** Who is in the spotlight of each room. Participants who leave are no longer in it. */
export class Spotlight {
  readonly #lit = new WeakMap<Room, readonly string[]>();

  /** The participants in a room's spotlight, earliest first. */
  in(room: Room): string[] {
    return (this.#lit.get(room) ?? []).filter((participantId) => room.hostOf(participantId));
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  set(room: Room, participantId: string, on: boolean, by: string): void {
    const lit = this.in(room);
    if (lit.includes(participantId) === on) {
      return;
    }
    if (on && lit.length >= MAX_SPOTLIGHTED) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_SPOTLIGHTED} people in the spotlight`);
    }
    const participantIds = on ? [...lit, participantId] : lit.filter((each) => each !== participantId);
    this.#lit.set(room, participantIds);
    room.append('room.spotlight', { participantIds, by });
  }
}
