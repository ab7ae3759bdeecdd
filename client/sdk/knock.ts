import type { EventData, RequestInput } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import { randomBytes, toBase64Url } from './bytes.ts';
import { Connection, type DialOptions } from './connection.ts';
import { Emitter } from './emitter.ts';
import { requirePlatform } from './requirements.ts';

/** Leave to enter a room. */
export interface Admission {
  roomId: string;
  /** For someone without an identity: the secret of an invitation, valid for two minutes. Pass it to enrol(). */
  secret?: string | undefined;
}

/** Someone's place in a lobby. */
export type LobbyProgress = EventData<'lobby.progress'>;

export interface KnockEvents {
  /** The user's place in the queue, or who is in the room. Emitted when the wait begins and after every change. */
  progress: [LobbyProgress];
  /** The connection was lost, or is back. The place is kept for a while. */
  connected: [boolean];
}

/** Asks to enter a room, and waits in its lobby if necessary. Keeps the place over lost connections and server restarts. */
export class Knock extends Emitter<KnockEvents> {
  /** Resolves when this person is let in. Rejects with LOBBY_DENIED, LINK_WITHDRAWN, LOBBY_FULL, CONNECTION_LOST (also by cancel()), … */
  readonly admission: Promise<Admission>;
  readonly #connection: Connection;
  readonly #request: RequestInput<'lobby.knock'>;
  readonly #unlisten: Array<() => void>;
  /** Closes the connection afterwards, if it is only for this. */
  readonly #finish: () => void;
  #settle: (result: Admission | CanopyError) => void = () => {};
  #progress: LobbyProgress | undefined;
  #isOver = false;

  /** @internal Use knock() or Client.knock(). */
  constructor(connection: Connection, request: RequestInput<'lobby.knock'>, finish: () => void) {
    super();
    this.#connection = connection;
    this.#request = request;
    this.#finish = finish;
    this.admission = new Promise((resolve, reject) => {
      this.#settle = (result) => (result instanceof CanopyError ? reject(result) : resolve(result));
    });
    // Callers may only want the events.
    this.admission.catch(() => {});
    connection.onReturn = async () => {
      await this.#send();
      return true;
    };
    this.#unlisten = [
      connection.on('lobby.progress', (progress) => this.#setProgress(progress)),
      connection.on('lobby.admitted', (admission) => this.#end(admission)),
      connection.on('lobby.refused', ({ error }) => this.#end(CanopyError.fromBody(error))),
      connection.on('state', (state, error) => {
        if (state === 'closed') {
          this.#end(error ?? new CanopyError('CONNECTION_LOST'));
        } else {
          this.emit('connected', state === 'connected');
        }
      }),
    ];
  }

  /** This person's place; undefined before the first answer. */
  get progress(): LobbyProgress | undefined {
    return this.#progress;
  }

  /** @internal Knocks for the first time. */
  async start(): Promise<this> {
    await this.#send();
    return this;
  }

  /** Gives up the place. `admission` rejects with CONNECTION_LOST. */
  async cancel(): Promise<void> {
    if (this.#isOver) {
      return;
    }
    await this.#connection.requestNow('lobby.cancel', {}).catch(() => {});
    this.#end(new CanopyError('CONNECTION_LOST', 'cancelled'));
  }

  /** Sends the knock. A refusal ends the wait; only a failure of the connection is thrown. */
  async #send(): Promise<void> {
    try {
      const answer = await this.#connection.requestNow('lobby.knock', this.#request);
      if (answer.status === 'admitted') {
        this.#end({ roomId: answer.roomId, secret: answer.secret });
      } else {
        this.#setProgress(answer.progress);
      }
    } catch (cause) {
      const error = CanopyError.from(cause);
      if (this.#progress && RETRIED.has(error.code)) {
        throw error;
      }
      this.#end(error);
    }
  }

  #setProgress(progress: LobbyProgress): void {
    if (!this.#isOver) {
      this.#progress = progress;
      this.emit('progress', progress);
    }
  }

  #end(result: Admission | CanopyError): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    this.#connection.onReturn = async () => true;
    this.#settle(result);
    this.#finish();
  }
}

/** Failures of a repeated knock after which another attempt may find the place again. */
const RETRIED: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'REQUEST_TIMEOUT', 'SERVER_CLOSING']);

export interface KnockOptions extends Omit<DialOptions, 'identity'> {
  /** The room link's secret; or else `roomId`. */
  secret?: string;
  /** The room, for people without a link. Only servers with the `identityPolicy` `tofu` (see serverInfo()) let them ask. */
  roomId?: string;
  /** The name that moderators see, and that the certificate will have. */
  displayName: string;
  /**
   * Identifies this client, so that it finds its place again, e.g. after a reload: 22 to 64 characters of base64url that only it knows.
   * Default: random.
   */
  key?: string;
}

/** A key for KnockOptions. */
export function newKnockKey(): string {
  return toBase64Url(randomBytes(24));
}

/**
 * Asks to enter a room by its link, or where that is allowed by its id, without an identity. Once `admission` resolves, enrol() with its secret and join. People with an
 * identity use Client.knock() instead. A refusal rejects `admission`.
 *
 * @throws {CanopyError} UNSUPPORTED_PLATFORM; CONNECTION_LOST, REQUEST_TIMEOUT - the server cannot be reached
 */
export async function knock({
  secret,
  roomId,
  displayName,
  key = newKnockKey(),
  ...options
}: KnockOptions): Promise<Knock> {
  requirePlatform();
  const connection = new Connection(options);
  await connection.open();
  const where = { ...(secret !== undefined && { secret }), ...(roomId !== undefined && { roomId }) };
  return new Knock(connection, { ...where, displayName, key }, () => connection.close()).start();
}
