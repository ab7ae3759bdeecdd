import type { Participant } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

export interface SpotlightEvents {
  /** People were added to the spotlight or removed from it. `moderator`: undefined if someone left, or the server did not say. */
  changed: [participantIds: readonly string[], moderator: Participant | undefined];
}

/** What the spotlight needs from its room. */
export interface SpotlightHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  onServerEvent: RoomSession['onServerEvent'];
}

/** Whom moderators show large to everyone. */
export class Spotlight extends Emitter<SpotlightEvents> {
  readonly #host: SpotlightHost;
  #participantIds: readonly string[] = [];

  constructor(host: SpotlightHost) {
    super();
    this.#host = host;
    host.onServerEvent('room.spotlight', ({ participantIds, by }) =>
      this.#set(participantIds, host.participants.get(by)),
    );
    host.onServerEvent('participant.left', ({ participantId }) =>
      this.#set(this.#participantIds.filter((each) => each !== participantId)),
    );
  }

  /** The participants in the spotlight, earliest first; at most three. */
  get participantIds(): readonly string[] {
    return this.#participantIds;
  }

  /** Puts a participant into the spotlight. @throws {CanopyError} FORBIDDEN; PARTICIPANT_UNKNOWN; LIMIT_REACHED - three are in it */
  async add(participantId: string): Promise<void> {
    await this.#host.connection.request('participant.spotlight', { participantId, on: true });
  }

  /** Takes a participant out of the spotlight. Everyone may take themselves out. @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN */
  async remove(participantId: string): Promise<void> {
    await this.#host.connection.request('participant.spotlight', { participantId, on: false });
  }

  /** @internal Applies a snapshot. */
  reset(participantIds: readonly string[]): void {
    this.#set(participantIds);
  }

  #set(participantIds: readonly string[], moderator?: Participant): void {
    if (participantIds.join() !== this.#participantIds.join()) {
      this.#participantIds = participantIds;
      this.emit('changed', participantIds, moderator);
    }
  }
}
