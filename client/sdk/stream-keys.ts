import type { NewStreamKey, StreamDirection, StreamKey } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** Keys with which programs send into rooms (WHIP) or watch them (WHEP). All methods need the right to invite to the room. */
export class StreamKeys {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Makes a key. Its secret is in the result only.
   *
   * @param given `ttlSeconds`: 5 minutes to a year; default 30 days
   * @throws {CanopyError} FORBIDDEN; LIMIT_REACHED - the room has 20 valid keys
   */
  create(
    roomId: string,
    given: { direction: StreamDirection; name: string; ttlSeconds?: number },
  ): Promise<NewStreamKey> {
    return this.#connection.request('stream.createKey', { roomId, ...given });
  }

  /** The room's valid keys, oldest first, without their secrets. @throws {CanopyError} FORBIDDEN */
  async list(roomId: string): Promise<StreamKey[]> {
    return (await this.#connection.request('stream.listKeys', { roomId })).keys;
  }

  /** Revokes a key. What uses it ends at once. @throws {CanopyError} FORBIDDEN, STREAM_KEY_UNKNOWN */
  async revoke(keyId: string): Promise<void> {
    await this.#connection.request('stream.revokeKey', { keyId });
  }
}
