import type { EventData, RequestInput } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

export type ReactionKind = RequestInput<'reaction.send'>['kind'];
export type Reaction = EventData<'room.reactions'>['reactions'][number];

export interface ReactionEvents {
  /** Reactions of participants, this one included. At most about three times per second. */
  reactions: [readonly Reaction[]];
}

/** Reactions in a room: short signs such as applause. */
export class Reactions extends Emitter<ReactionEvents> {
  readonly #connection: Connection;

  constructor({
    connection,
    onServerEvent,
  }: {
    connection: Connection;
    onServerEvent: RoomSession['onServerEvent'];
  }) {
    super();
    this.#connection = connection;
    onServerEvent('room.reactions', ({ reactions }) => this.emit('reactions', reactions));
  }

  /** Shows a reaction to everyone. Never sent later if the connection is lost. @throws {CanopyError} FORBIDDEN, RATE_LIMITED, CONNECTION_LOST */
  async send(kind: ReactionKind): Promise<void> {
    await this.#connection.requestNow('reaction.send', { kind });
  }
}
