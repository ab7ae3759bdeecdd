import { randomUUID } from 'node:crypto';
import type { EventData } from '../../../contract/index.ts';
import type { Session } from '../../kernel/index.ts';
import type { Knocker } from './denials.ts';
import type { Way } from './way.ts';

export type WaitingPerson = EventData<'lobby.waiting'>['person'];
export type Progress = EventData<'lobby.progress'>;

/** Someone in a lobby. */
export interface Waiting extends Knocker {
  readonly person: WaitingPerson;
  /** How they came; undefined for someone who has an account and came without a link. */
  readonly way: Way | undefined;
  /** The connection on which they wait; null for a while after it was lost. */
  session: Session | null;
  /** Ends the time that a lost connection has to come back. */
  graceTimer: NodeJS.Timeout | undefined;
  /** Being let in: nobody else may decide about them. */
  admitting: boolean;
  /** The latest progress that was sent, as JSON. */
  told: string;
  /** The circumstances under which they had to wait, to notice when these change. */
  circumstances: string;
  /** Releases their share of the budget. */
  release(): void;
}

/** Everyone in the lobbies of all rooms, longest-waiting first. */
export class WaitingList {
  readonly #byRoom = new Map<string, Map<string, Waiting>>();

  get size(): number {
    return [...this.#byRoom.values()].reduce((sum, room) => sum + room.size, 0);
  }

  /** The rooms in whose lobby someone waits. */
  get roomIds(): string[] {
    return [...this.#byRoom.keys()];
  }

  get all(): Waiting[] {
    return this.roomIds.flatMap((roomId) => this.in(roomId));
  }

  in(roomId: string): Waiting[] {
    return [...(this.#byRoom.get(roomId)?.values() ?? [])];
  }

  find(roomId: string, waitId: string): Waiting | undefined {
    return this.#byRoom.get(roomId)?.get(waitId);
  }

  byKey(roomId: string, key: string): Waiting | undefined {
    return this.in(roomId).find((waiting) => waiting.key === key);
  }

  has({ roomId, person }: Waiting): boolean {
    return this.find(roomId, person.waitId) !== undefined;
  }

  add(
    options: Omit<Waiting, 'person' | 'graceTimer' | 'admitting' | 'told'> & {
      person: Omit<WaitingPerson, 'waitId' | 'sinceMs'>;
    },
  ): Waiting {
    const person = { waitId: randomUUID(), ...options.person, sinceMs: Date.now() };
    const waiting: Waiting = { ...options, person, graceTimer: undefined, admitting: false, told: '' };
    const room = this.#byRoom.get(options.roomId) ?? new Map<string, Waiting>();
    room.set(person.waitId, waiting);
    this.#byRoom.set(options.roomId, room);
    return waiting;
  }

  /** Returns false if they no longer wait. */
  remove({ roomId, person, graceTimer, release }: Waiting): boolean {
    const room = this.#byRoom.get(roomId);
    if (!room?.delete(person.waitId)) {
      return false;
    }
    if (room.size === 0) {
      this.#byRoom.delete(roomId);
    }
    clearTimeout(graceTimer);
    release();
    return true;
  }
}
