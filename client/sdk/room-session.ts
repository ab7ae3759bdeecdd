import type { EventData, EventName, Participant } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection, ConnectionState } from './connection.ts';
import { Emitter } from './emitter.ts';
import { RoomEntry, type Snapshot } from './room-entry.ts';
import { Roster } from './roster.ts';

/** What happens to every session in a room, a person's or a bridge's. */
export interface RoomSessionEvents {
  /** `error` says why it closed, where it did not by leave(). */
  state: [state: ConnectionState, error: CanopyError | undefined];
  'participant-joined': [Participant];
  'participant-updated': [Participant];
  'participant-left': [participant: Participant, reason: EventData<'participant.left'>['reason']];
  /** Who speaks, by participant id; null: nobody. */
  speaker: [participantId: string | null];
  /** The room moves to another worker or server; its media comes back by itself. */
  rehome: [reason: EventData<'room.rehome'>['reason']];
  /** The server stops soon. */
  'server-closing': [{ retryAfterSeconds: number }];
}

/** All of them, for emitters that relay them. */
export const ROOM_SESSION_EVENTS = [
  'state',
  'participant-joined',
  'participant-updated',
  'participant-left',
  'speaker',
  'rehome',
  'server-closing',
] as const satisfies ReadonlyArray<keyof RoomSessionEvents>;

export interface RoomSessionOptions {
  roomId: string;
  displayName?: string | undefined;
  connection: Connection;
  /** Lists only participants that others host. Default false. */
  othersOnly?: boolean;
  /** Prepares for what a snapshot says; nothing is applied before. */
  prepare?(snapshot: Snapshot): Promise<void>;
  /** The room moves: the media of its old home is gone. */
  dropMedia(): void;
  /** The room was entered at a home where this session has no media yet; followed by entered(). */
  renewMedia(snapshot: Snapshot): void;
  /**
   * The room was entered, for the first time or again: brings what is wanted and what the server has together. `seat.isSame`: its peer id
   * is the one before.
   */
  entered(snapshot: Snapshot, seat: { isSame: boolean }): void;
  /** It is over: frees everything. */
  closed(): void;
}

/** How long leave() waits for the server's answer, in milliseconds. */
const LEAVE_MS = 2000;

/**
 * A stay in a room over any number of sockets and homes: enters, resumes after a lost socket, follows a re-homing, and keeps the roster.
 * Under both Room and BridgeSession, which add their media.
 */
export class RoomSession extends Emitter<RoomSessionEvents> {
  readonly roster: Roster;
  readonly #options: RoomSessionOptions;
  readonly #entry: RoomEntry;
  readonly #unlisten: Array<() => void> = [];
  #state: ConnectionState = 'connecting';
  #peerId: string | undefined;
  /** There is media of the present home. */
  #hasMedia = false;

  constructor(options: RoomSessionOptions) {
    super();
    const { roomId, displayName, connection, prepare } = options;
    this.#options = options;
    this.roster = new Roster({
      joined: (participant) => this.emit('participant-joined', participant),
      updated: (participant) => this.emit('participant-updated', participant),
      left: (participant, reason) => this.emit('participant-left', participant, reason),
      speaker: (participantId) => this.emit('speaker', participantId),
    });
    this.#entry = new RoomEntry({
      roomId,
      displayName,
      connection,
      prepare: async (snapshot) => prepare?.(snapshot),
      apply: (snapshot) => this.#apply(snapshot),
      hopeless: (error) => this.close(error),
    });
    this.#listen();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Has an event from the server applied as it comes, or after the snapshot that is on its way; an entry of the room's log once and in
   * order. What this session did itself is among them.
   */
  onServerEvent<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void {
    this.#entry.on(name, apply);
  }

  /** Enters for the first time; if that fails, it closes and rejects with the reason. */
  async enter(): Promise<void> {
    try {
      await this.#entry.enter();
      this.#setState('connected');
    } catch (error) {
      this.close(CanopyError.from(error));
      throw error;
    }
  }

  /** Tells the server that it leaves, and waits for the answer for 2 s at most. Never rejects. */
  async sayGoodbye(): Promise<void> {
    const answered = this.#options.connection.requestNow('room.leave', {}).catch(() => {});
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([answered, late]);
    clearTimeout(timer);
  }

  /** Ends it here. Idempotent. */
  close(error?: CanopyError): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#setState('closed', error);
    this.#entry.close();
    this.#options.connection.onReturn = async () => true;
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    this.#options.closed();
  }

  #listen(): void {
    const { connection } = this.#options;
    connection.onReturn = () => this.#entry.enter();
    this.#unlisten.push(
      connection.on('state', (state, error) => {
        if (state === 'closed') {
          this.close(error ?? new CanopyError('CONNECTION_LOST'));
        } else if (this.#state === 'connecting') {
          return;
        } else if (state === 'connected') {
          this.#setState(this.#entry.pending ? 'reconnecting' : 'connected');
        } else {
          this.#setState('reconnecting');
        }
      }),
      // Not held back: it decides how the room is entered.
      connection.on('room.rehome', (data) => this.#rehome(data)),
    );
    this.#entry.on('server.closing', (data) => this.emit('server-closing', data));
    this.#entry.on('room.speaker', ({ participantId }) => this.roster.setSpeaker(participantId));
    this.#entry.on('participant.joined', ({ participant }) => this.#setParticipant(participant));
    this.#entry.on('participant.updated', ({ participant }) => this.#setParticipant(participant));
    this.#entry.on('participant.left', ({ participantId, reason }) =>
      this.roster.remove(participantId, reason),
    );
  }

  #rehome({ roomId, url, ticket, reason }: EventData<'room.rehome'>): void {
    if (roomId !== this.#options.roomId || this.#state === 'closed') {
      return;
    }
    this.#entry.useTicket(ticket);
    this.#hasMedia = false;
    this.#options.dropMedia();
    this.#setState('reconnecting');
    this.emit('rehome', reason);
    this.#entry.follow(url, () => this.#setState('connected'));
  }

  #apply(snapshot: Snapshot): void {
    const { renewMedia, entered } = this.#options;
    if (!snapshot.resumed || !this.#hasMedia) {
      this.#hasMedia = true;
      renewMedia(snapshot);
    }
    const { participants, peerId, speaker } = snapshot;
    const isSame = peerId === this.#peerId;
    this.#peerId = peerId;
    this.roster.reset(
      participants.filter((each) => this.#lists(each)),
      speaker,
    );
    entered(snapshot, { isSame });
  }

  #setParticipant(participant: Participant): void {
    if (this.#lists(participant)) {
      this.roster.set(participant);
    }
  }

  #lists({ peerId }: Participant): boolean {
    return !this.#options.othersOnly || peerId !== this.#peerId;
  }

  #setState(state: ConnectionState, error?: CanopyError): void {
    if (this.#state === state || this.#state === 'closed') {
      return;
    }
    this.#state = state;
    this.emit('state', state, error);
  }
}
