import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import type { RoomChange, RoomDescription } from '../../../contract/index.ts';
import { demand, describeRoom, type Kernel, type Principal, TokenBucket } from '../../kernel/index.ts';
import { type RoomConfiguration, recordChange } from './room-configuration.ts';
import { newRoomName } from './room-names.ts';

/** Rooms that an account may create at once, and per hour after that. */
const MAX_AT_ONCE = 20;
const PER_HOUR = 60;

/** Creates rooms. */
export class RoomCreation {
  readonly #kernel: Kernel;
  readonly #configuration: RoomConfiguration;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: 10_000 });

  constructor(kernel: Kernel, configuration: RoomConfiguration) {
    this.#kernel = kernel;
    this.#configuration = configuration;
  }

  /**
   * @param change its `ownerId` owns the room
   * @throws {CanopyError} FORBIDDEN, ROOM_EXISTS, LIMIT_REACHED, RATE_LIMITED, STORE_BUSY, STORE_UNWRITABLE
   */
  async create(
    principal: Principal,
    { roomId, ...change }: RoomChange & { roomId?: string | undefined },
  ): Promise<RoomDescription> {
    const { rooms, log } = this.#kernel;
    demand(principal, 'room.create');
    const by = 'accountId' in principal ? principal.accountId : undefined;
    if (by !== undefined && !this.#bucketOf(by).take(performance.now())) {
      throw new CanopyError('RATE_LIMITED', 'too many new rooms');
    }
    const name = roomId ?? newRoomName(change.title);
    const hashed = await recordChange(change);
    const record = await this.#configuration.queued(principal, () => rooms.create(name, hashed));
    this.#configuration.announce(record);
    log.info({ roomId: name, by: by ?? principal.kind }, 'room created');
    return describeRoom(record);
  }

  #bucketOf(accountId: string): TokenBucket {
    let bucket = this.#buckets.get(accountId);
    if (!bucket) {
      bucket = new TokenBucket(PER_HOUR / 3600, MAX_AT_ONCE, performance.now());
      this.#buckets.set(accountId, bucket);
    }
    return bucket;
  }
}
