import { CanopyError } from '../../../base/index.ts';
import type { NewStreamKey, StreamDirection, StreamKey } from '../../../contract/index.ts';
import {
  AccountRate,
  demand,
  type Kernel,
  type PeerPrincipal,
  type RoomRecord,
  type TokenPrincipal,
} from '../../kernel/index.ts';
import { accountIdOf, type StreamKeys } from './stream-keys.ts';
import type { Streams } from './streams.ts';
import type { StreamKeyRow } from './tables.ts';

/** Keys that an account may make at once, and per hour after that. */
const MAX_AT_ONCE = 40;
const PER_HOUR = 40;

/** People, and programs with the operator's key or a token. */
type Administrator = PeerPrincipal | TokenPrincipal;

/** Makes, lists and revokes stream keys, for people who may invite to the room and for the operator. */
export class KeyAdministration {
  readonly #kernel: Kernel;
  readonly #keys: StreamKeys;
  readonly #streams: Streams;
  readonly #rate = new AccountRate('new stream keys', { perSecond: PER_HOUR / 3600, burst: MAX_AT_ONCE });

  constructor(kernel: Kernel, keys: StreamKeys, streams: Streams) {
    this.#kernel = kernel;
    this.#keys = keys;
    this.#streams = streams;
  }

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, LIMIT_REACHED, RATE_LIMITED */
  async create(
    principal: Administrator,
    roomId: string,
    given: { direction: StreamDirection; name: string; ttlSeconds: number },
  ): Promise<NewStreamKey> {
    await this.#demandInviting(principal, await this.#kernel.rooms.record(roomId));
    this.#rate.take(principal);
    const createdBy = isPerson(principal) ? principal.accountId : null;
    const { row, secret } = await this.#keys.create({ ...given, roomId, createdBy });
    this.#kernel.log.info({ roomId, keyId: row.key_id, by: createdBy }, 'stream key created');
    const creator = isPerson(principal) ? principal.displayName : null;
    const base = this.#kernel.linkOrigin(isPerson(principal) ? principal.origin : undefined);
    return { ...this.#shown({ ...row, creator }), secret, url: `${base}${pathOf(row)}` };
  }

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED */
  async list(principal: Administrator, roomId: string): Promise<{ keys: StreamKey[] }> {
    await this.#demandInviting(principal, await this.#kernel.rooms.record(roomId));
    return { keys: (await this.#keys.list(roomId)).map((row) => this.#shown(row)) };
  }

  /**
   * @param inRoom the room that the key must be for; default: any
   * @throws {CanopyError} STREAM_KEY_UNKNOWN, FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED
   */
  async revoke(principal: Administrator, keyId: string, inRoom?: string): Promise<void> {
    const { room_id: roomId } = await this.#keys.byId(keyId);
    // A token may reach only certain rooms.
    if (inRoom !== undefined && inRoom !== roomId) {
      throw new CanopyError('STREAM_KEY_UNKNOWN');
    }
    await this.#demandInviting(principal, await this.#kernel.rooms.record(roomId));
    await this.#keys.revoke(keyId);
    this.#streams.endKey(keyId);
    this.#kernel.log.info({ roomId, keyId }, 'stream key revoked');
  }

  async #demandInviting(principal: Administrator, room: RoomRecord): Promise<void> {
    if (isPerson(principal)) {
      // Otherwise people who may not enter could watch nevertheless.
      await this.#kernel.demandAccess(principal, room);
    }
    demand(principal, 'invite.create:guest');
    demand(principal, 'room.invite', room);
  }

  #shown(row: StreamKeyRow & { creator: string | null }): StreamKey {
    const { created_by: accountId, creator: displayName } = row;
    return {
      keyId: row.key_id,
      roomId: row.room_id,
      direction: row.direction,
      name: row.name,
      accountId: accountIdOf(row.key_id),
      createdBy: accountId === null || displayName === null ? null : { accountId, displayName },
      createdAtMs: row.created_at_ms,
      expiresAtMs: row.expires_at_ms,
      active: this.#streams.countOf(row.key_id),
    };
  }
}

function isPerson(principal: Administrator): principal is PeerPrincipal {
  return 'accountId' in principal;
}

/** Where programs with a key send their offer to. */
function pathOf({ direction, room_id: roomId }: StreamKeyRow): string {
  return `/${direction === 'publish' ? 'whip' : 'whep'}/${encodeURIComponent(roomId)}`;
}
