import type { EventData, EventName, RequestResult } from '../../contract/index.ts';
import { CanopyError, type ErrorCode } from '../../contract/light.ts';
import type { Connection, JoinRequest } from './connection.ts';
import { type AfterFailure, Reconciler } from './reconciler.ts';
import { RoomLog } from './room-log.ts';

export type Snapshot = RequestResult<'room.join'>;

export interface RoomEntryOptions {
  roomId: string;
  displayName: string | undefined;
  /** The room's PIN. */
  pin?: string | undefined;
  /** Whether this client can be in an encrypted room. Default false. */
  encrypts?: boolean | undefined;
  connection: Connection;
  /** What the answer of the join should contain already, apart from the snapshot. */
  media?: (() => JoinRequest['data']['media']) | undefined;
  /** Prepares for a snapshot, which is not applied before this resolves. */
  prepare(snapshot: Snapshot): Promise<void>;
  /** Applies the snapshot. */
  apply(snapshot: Snapshot): void;
  /** Entering failed for good. */
  failed(error: CanopyError): void;
}

const BACKOFF = { firstMs: 250, mostMs: 4000 };
/** After these errors the room can be entered only over a new socket. */
const NEEDS_NEW_SOCKET: ReadonlySet<ErrorCode> = new Set([
  'TICKET_INVALID',
  'ROOM_ALREADY_JOINED',
  'REQUEST_TIMEOUT',
]);

/**
 * Enters a room and re-enters it: after a lost socket (resume), and at a new home (ticket). Also delivers the room's events.
 */
export class RoomEntry {
  readonly #options: RoomEntryOptions;
  #peerId: string | undefined;
  #ticket: string | undefined;
  #resumed = false;
  #closed = false;
  readonly #unlisten: Array<() => void>;
  readonly #appliers = new Map<string, Array<(data: never) => void>>();
  readonly #log: RoomLog;
  /** Events that arrived while a join was pending; they are applied after its snapshot. */
  #held: Array<() => void> | undefined;

  readonly #reconciler = new Reconciler({
    pass: () => this.#enterOnce(),
    onFailure: (error) => this.#afterFailure(error),
    backoff: BACKOFF,
  });

  constructor(options: RoomEntryOptions) {
    this.#options = options;
    const { connection } = options;
    this.#log = new RoomLog({
      apply: (kind, data) => {
        for (const apply of this.#appliers.get(kind) ?? []) {
          apply(data as never);
        }
      },
      missing: () => {
        if (!this.pending) {
          connection.reconnect();
        }
      },
    });
    this.#unlisten = [
      connection.on('event', (name, data) => {
        if (this.#held) {
          this.#held.push(() => this.#log.receive(name, data));
        } else {
          this.#log.receive(name, data);
        }
      }),
    ];
  }

  get pending(): boolean {
    return this.#reconciler.running;
  }

  /** The next join presents this re-homing ticket. */
  useTicket(ticket: string): void {
    this.#ticket = ticket;
  }

  /** Enters at the target of a re-homing: at once if it is the same server, otherwise after redirecting the connection. */
  follow(url: string, entered: () => void): void {
    const { connection } = this.#options;
    const target = new URL(url, connection.origin);
    if (target.origin !== connection.origin) {
      // Never downgrade from an encrypted connection to plain text.
      if (connection.origin.startsWith('https:') && target.protocol !== 'https:') {
        return;
      }
      connection.redirect(target.origin);
      return;
    }
    this.enter().then(
      entered,
      () => !this.#closed && connection.state === 'connected' && connection.reconnect(),
    );
  }

  /** Registers a handler; see RoomSession.onServerEvent(). */
  on<N extends EventName>(name: N, apply: (data: EventData<N>) => void): void {
    this.#appliers.set(name, [...(this.#appliers.get(name) ?? []), apply]);
  }

  close(): void {
    this.#closed = true;
    this.#reconciler.stop();
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
  }

  /**
   * Enters or re-enters the room, one attempt at a time. Resolves to true if the session was resumed with all its media.
   *
   * @throws {CanopyError} CONNECTION_LOST - a new socket is needed; and the server's refusals
   */
  async enter(): Promise<boolean> {
    await this.#reconciler.run();
    return this.#resumed;
  }

  /** The request of the next join. */
  get request(): JoinRequest {
    const media = this.#options.media?.();
    return joinRequest(this.#options, {
      ...(this.#peerId !== undefined && { resume: { peerId: this.#peerId, since: this.#log.position } }),
      ...(this.#ticket !== undefined && { ticket: this.#ticket }),
      ...(media && { media }),
    });
  }

  async #enterOnce(): Promise<void> {
    const { connection, prepare, apply } = this.#options;
    const ticket = this.#ticket;
    this.#resumed = false;
    this.#held = [];
    try {
      const { name, data } = this.request;
      const snapshot = await connection.requestNow(name, data);
      this.#peerId = snapshot.peerId;
      await prepare(snapshot);
      if (this.#closed) {
        throw new CanopyError('ROOM_NOT_JOINED');
      }
      // The room has moved in the meantime: this snapshot is from its old home, and another attempt follows.
      if (this.#reconciler.stale) {
        return;
      }
      if (this.#ticket === ticket) {
        this.#ticket = undefined;
      }
      this.#log.catchUp(snapshot.log);
      apply(snapshot);
      this.#resumed = snapshot.resumed;
    } catch (cause) {
      const error = CanopyError.from(cause);
      if (this.#isFirst || !NEEDS_NEW_SOCKET.has(error.code)) {
        throw error;
      }
      if (this.#ticket === ticket) {
        this.#ticket = undefined;
      }
      throw new CanopyError('CONNECTION_LOST', error.code, { cause: error });
    } finally {
      const held = this.#held;
      this.#held = undefined;
      for (const applyEvent of held) {
        applyEvent();
      }
    }
  }

  get #isFirst(): boolean {
    return this.#peerId === undefined;
  }

  /** Retries if a later attempt on this socket may succeed. */
  #afterFailure(error: CanopyError): AfterFailure {
    if (this.#closed || this.#isFirst || error.code === 'CONNECTION_LOST') {
      return 'fail';
    }
    if (error.retryable) {
      return 'retry';
    }
    this.#options.failed(error);
    return 'fail';
  }
}

/** The request to join a room. */
export function joinRequest(
  {
    roomId,
    displayName,
    pin,
    encrypts,
  }: Pick<RoomEntryOptions, 'roomId' | 'pin' | 'encrypts'> & { displayName?: string | undefined },
  further: Pick<JoinRequest['data'], 'resume' | 'ticket' | 'media'>,
): JoinRequest {
  return {
    name: 'room.join',
    data: {
      roomId,
      ...(displayName !== undefined && { displayName }),
      ...(pin !== undefined && { pin }),
      ...(encrypts && { encrypts }),
      ...further,
    },
  };
}
