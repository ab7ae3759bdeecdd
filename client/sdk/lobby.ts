import type { EventData } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** Someone in the lobby. With an `accountId` the name is certified; without, the person chose it. */
export type WaitingPerson = EventData<'lobby.waiting'>['person'];

export interface LobbyEvents {
  /** The list has changed. */
  changed: [people: readonly WaitingPerson[]];
  /** Someone has begun to wait. */
  waiting: [person: WaitingPerson];
}

/** What the lobby needs from its room. */
export interface LobbyHost {
  readonly connection: Connection;
  onServerEvent: RoomSession['onServerEvent'];
}

/** The people who wait to be admitted, for participants who may admit them; always empty for others. */
export class Lobby extends Emitter<LobbyEvents> {
  readonly #host: LobbyHost;
  #people: readonly WaitingPerson[] = [];

  constructor(host: LobbyHost) {
    super();
    this.#host = host;
    host.onServerEvent('lobby.waiting', ({ person }) => {
      // A list and this event may cross.
      this.#set([...this.#people.filter(({ waitId }) => waitId !== person.waitId), person]);
    });
    host.onServerEvent('lobby.gone', ({ waitId }) =>
      this.#set(this.#people.filter((each) => each.waitId !== waitId)),
    );
    host.onServerEvent('lobby.list', ({ people }) => this.#set(people));
  }

  /** Longest-waiting first. */
  get people(): readonly WaitingPerson[] {
    return this.#people;
  }

  /** Lets these people in. Those who no longer wait are skipped. @throws {CanopyError} FORBIDDEN, LINK_FULL */
  async admit(waitIds: readonly string[]): Promise<void> {
    await this.#host.connection.request('lobby.admit', { waitIds: [...waitIds] });
  }

  /** Turns these people away for five minutes. Those who no longer wait are skipped. @throws {CanopyError} FORBIDDEN */
  async deny(waitIds: readonly string[]): Promise<void> {
    await this.#host.connection.request('lobby.deny', { waitIds: [...waitIds] });
  }

  /** @internal Applies a snapshot. */
  reset(people: readonly WaitingPerson[] = []): void {
    this.#set(people);
  }

  #set(people: readonly WaitingPerson[]): void {
    const known = new Set(this.#people.map(({ waitId }) => waitId));
    this.#people = people;
    this.emit('changed', people);
    for (const person of people) {
      if (!known.has(person.waitId)) {
        this.emit('waiting', person);
      }
    }
  }
}
