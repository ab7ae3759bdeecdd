import type { EventData, EventName, Participant } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection, ConnectionState } from './connection.ts';
import { Emitter } from './emitter.ts';
import { RoomEntry, type RoomEntryOptions, type Snapshot } from './room-entry.ts';
import { Roster } from './roster.ts';

/** Events common to the rooms of clients and bridges. */
export interface RoomSessionEvents {
  /** `error`: why it closed, unless by leave(). */
  state: [state: ConnectionState, error: CanopyError | undefined];
  'participant-joined': [Participant];
  'participant-updated': [Participant];
  'participant-left': [participant: Participant, reason: EventData<'participant.left'>['reason']];
  /** The current speaker's participant id; null: nobody. */
  speaker: [participantId: string | null];
  /** The room moves to another worker or server; its media is re-established automatically. */
  rehome: [reason: EventData<'room.rehome'>['reason']];
  /** The server is about to stop. */
  'server-closing': [{ retryAfterSeconds: number }];
}

/** All session events, for emitters that relay them. */
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
  /** The room's PIN. */
  pin?: string | undefined;
  /** Whether this client can be in an encrypted room. Default false. */
  encrypts?: boolean | undefined;
  connection: Connection;
  /** Leave out the participants that this session hosts. Default false. */
  othersOnly?: boolean;
  /** What joins ask for, apart from the snapshot. */
  media?: RoomEntryOptions['media'];
  /** Prepares for a snapshot, which is not applied before this resolves. */
  prepare?(snapshot: Snapshot): Promise<void>;
  /** The room moves: the media at its old home is gone. */
  dropMedia(): void;
  /** The room was entered at a home where this session has no media yet. entered() is called next. */
  renewMedia(snapshot: Snapshot): void;
  /** The room was entered or re-entered: reconciles the wanted state with the server's. `seat.isSame`: the peer id has not changed. */
  entered(snapshot: Snapshot, seat: { isSame: boolean }): void;
  /** The session has ended: releases all resources. */
  closed(): void;
}

/** Time limit for the answer to `room.leave`, in milliseconds. */
const LEAVE_MS = 2000;

/**
 * One stay in a room, across any number of sockets and homes: enters the room, resumes after a lost socket, follows re-homings and keeps
 * the roster. Room and BridgeSession build on it and add their media.
 */
export class RoomSession extends Emitter<RoomSessionEvents> {
  readonly roster: Roster;
  readonly #options: RoomSessionOptions;
  readonly #entry: RoomEntry;
  readonly #unlisten: Array<() => void> = [];
  #state: ConnectionState = 'connecting';
  #peerId: string | undefined;
  #participantId: string | undefined;
  /** Whether there is media at the current home. */
  #hasMedia = false;

  constructor(options: RoomSessionOptions) {
    super();
    const { roomId, displayName, pin, encrypts, connection, media, prepare } = options;
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
      pin,
      encrypts,
      connection,
      media,
      prepare: async (snapshot) => prepare?.(snapshot),
      apply: (snapshot) => this.#apply(snapshot),
      failed: (error) => this.close(error),
    });
    this.#listen();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** This client's participant id; undefined before the room is entered, and for a bridge, which only hosts others. */
  get participantId(): string | undefined {
    return this.#participantId;
  }

  /**
   * Registers a handler for a server event, the effects of this session's own requests included. Log entries are passed on in order,
   * exactly once. While a snapshot is pending, events are held back until it is applied.
   */
  onServerEvent<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void {
    this.#entry.on(name, apply);
  }

  /** Enters for the first time. If that fails, closes the session and rejects with the reason. */
  async enter(): Promise<void> {
    try {
      await this.#entry.enter();
      this.#setState('connected');
    } catch (error) {
      this.close(CanopyError.from(error));
      throw error;
    }
  }

  /** Sends `room.leave` and waits up to 2 s for the answer. Never rejects. */
  async notifyLeave(): Promise<void> {
    const answered = this.#options.connection.requestNow('room.leave', {}).catch(() => {});
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([answered, timedOut]);
    clearTimeout(timer);
  }

  /** Ends the session locally, without notifying the server. Idempotent. */
  close(error?: CanopyError): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#setState('closed', error);
    this.#entry.close();
    this.#options.connection.onReturn = async () => true;
    this.#options.connection.alsoFirst = async () => undefined;
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    this.#options.closed();
  }

  #listen(): void {
    const { connection } = this.#options;
    connection.onReturn = () => this.#entry.enter();
    connection.alsoFirst = async () => this.#entry.request;
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
      // Not held back while a join is pending: it decides how the room is entered.
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
    const { participants, participantId, peerId, speaker } = snapshot;
    const isSame = peerId === this.#peerId;
    this.#peerId = peerId;
    // Before the roster's events, whose listeners may ask who they are themselves.
    this.#participantId = participantId;
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
