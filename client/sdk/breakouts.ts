import type { EventData, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** The breakout rooms of a meeting, as this user sees them. */
export type BreakoutsState = SnapshotPart<'breakouts'>;

export interface BreakoutEvents {
  /** The rooms, or who is where, have changed. */
  changed: [state: BreakoutsState];
  /** Leave this room and join that one with Client.join(), at once or within this time. It may be the main room. */
  move: [to: { roomId: string; inSeconds: number }];
  /** A moderator's message to all rooms. */
  message: [message: EventData<'breakout.message'>];
  /** Somebody in a breakout room asks the moderators for help. */
  help: [help: EventData<'breakout.help'>];
}

export interface BreakoutsHost {
  readonly roomId: string;
  readonly connection: Connection;
  onServerEvent: RoomSession['onServerEvent'];
}

/** The breakout rooms of the meeting that a room belongs to, as its main room or as one of them. */
export class Breakouts extends Emitter<BreakoutEvents> {
  readonly #connection: Connection;
  readonly #roomId: string;
  #state: BreakoutsState;

  constructor({ roomId, connection, onServerEvent }: BreakoutsHost) {
    super();
    this.#connection = connection;
    this.#roomId = roomId;
    this.#state = {
      parentId: roomId,
      status: 'none',
      choice: false,
      rooms: [],
      own: null,
      people: [],
      mayManage: false,
    };
    onServerEvent('breakout.changed', ({ breakouts }) => this.reset(breakouts));
    onServerEvent('breakout.move', (to) => this.emit('move', to));
    onServerEvent('breakout.message', (message) => this.emit('message', message));
    onServerEvent('breakout.help', (help) => this.emit('help', help));
  }

  get state(): BreakoutsState {
    return this.#state;
  }

  /** Whether this is a breakout room, rather than a main room. */
  get isInside(): boolean {
    return this.#state.parentId !== this.#roomId;
  }

  /**
   * Plans rooms with these names, in place of planned ones. `even` assigns everyone else in the main room; with `choice`, people choose.
   *
   * @throws {CanopyError} FORBIDDEN, BREAKOUTS_OPEN, LIMIT_REACHED
   */
  async plan(names: string[], assign: 'even' | 'none' | 'choice'): Promise<void> {
    await this.#connection.request('breakout.plan', { names, assign });
  }

  /** Assigns somebody to a room, or to none. If the rooms are open, they move at once. @throws {CanopyError} FORBIDDEN, BREAKOUT_UNKNOWN */
  async assign(personId: string, roomId: string | null): Promise<void> {
    await this.#connection.request('breakout.assign', { personId, roomId });
  }

  /** Opens the planned rooms. `seconds`: until everybody is called back. @throws {CanopyError} FORBIDDEN, BREAKOUT_UNKNOWN, BREAKOUTS_OPEN */
  async open(seconds?: number): Promise<void> {
    await this.#connection.request('breakout.open', seconds === undefined ? {} : { seconds });
  }

  /** Calls everybody back within ten seconds. @throws {CanopyError} FORBIDDEN, BREAKOUT_UNKNOWN */
  async close(): Promise<void> {
    await this.#connection.request('breakout.close', {});
  }

  /** Deletes planned rooms with their chats. @throws {CanopyError} FORBIDDEN, BREAKOUT_UNKNOWN, BREAKOUTS_OPEN */
  async discard(): Promise<void> {
    await this.#connection.request('breakout.discard', {});
  }

  /** Chooses an open room for this account, or none. @throws {CanopyError} FORBIDDEN - people do not choose; BREAKOUT_UNKNOWN */
  async choose(roomId: string | null): Promise<void> {
    await this.#connection.request('breakout.choose', { roomId });
  }

  /** Shows a message to everyone in all rooms. @throws {CanopyError} FORBIDDEN, RATE_LIMITED */
  async message(text: string): Promise<void> {
    await this.#connection.request('breakout.message', { text });
  }

  /** Asks the moderators to come into this breakout room. @throws {CanopyError} BREAKOUT_UNKNOWN, RATE_LIMITED */
  async askForHelp(): Promise<void> {
    await this.#connection.request('breakout.help', {});
  }

  /** @internal Applies a state from the server. */
  reset(state: BreakoutsState): void {
    this.#state = state;
    this.emit('changed', state);
  }
}
