import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import { TokenBucket } from '../../kernel/index.ts';

/** Messages, edits, deletions and reactions: 30 a minute per account and room, 10 at once. */
const CHANGES_PER_SECOND = 0.5;
const CHANGES_AT_ONCE = 10;
/** Bytes of text per account and room. */
const BYTES_PER_SECOND = 1024;
const BYTES_AT_ONCE = 32 * 1024;
/** Bytes of text per account in all rooms together: the space for chats is shared by the whole server. */
const ACCOUNT_BYTES_PER_SECOND = 2 * 1024;
const ACCOUNT_BYTES_AT_ONCE = 64 * 1024;
/** Changes and bytes of text in a room by everyone together. */
const ROOM_CHANGES_PER_SECOND = 10;
const ROOM_CHANGES_AT_ONCE = 100;
const ROOM_BYTES_PER_SECOND = 8 * 1024;
const ROOM_BYTES_AT_ONCE = 256 * 1024;
/** Questions to the database (pages, searches): per account. */
const READS_PER_SECOND = 10;
const READS_AT_ONCE = 60;
/** Holders that are remembered. One that is forgotten starts with a full share. */
const MAX_HOLDERS = 20_000;

type Allowance = 'changes' | 'bytes' | 'reads';

/** How much people may write in a room, and read, so that nobody else notices a flood (threat 4). */
export class ChatLimits {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_HOLDERS });
  readonly #now: () => number;

  /** @param now a clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws {CanopyError} RATE_LIMITED */
  write(accountId: string, roomId: string, bytes: number): void {
    const own = `${roomId} ${accountId}`;
    this.#take('changes', own, 1, CHANGES_PER_SECOND, CHANGES_AT_ONCE);
    this.#take('bytes', own, bytes, BYTES_PER_SECOND, BYTES_AT_ONCE);
    // No room has this name.
    const everywhere = `* ${accountId}`;
    this.#take('bytes', everywhere, bytes, ACCOUNT_BYTES_PER_SECOND, ACCOUNT_BYTES_AT_ONCE);
    this.#take('changes', roomId, 1, ROOM_CHANGES_PER_SECOND, ROOM_CHANGES_AT_ONCE);
    this.#take('bytes', roomId, bytes, ROOM_BYTES_PER_SECOND, ROOM_BYTES_AT_ONCE);
  }

  /** @throws {CanopyError} RATE_LIMITED */
  read(accountId: string): void {
    this.#take('reads', accountId, 1, READS_PER_SECOND, READS_AT_ONCE);
  }

  #take(what: Allowance, holder: string, amount: number, perSecond: number, atOnce: number): void {
    const key = `${what} ${holder}`;
    const nowMs = this.#now();
    const bucket = this.#buckets.get(key) ?? new TokenBucket(perSecond, atOnce, nowMs);
    this.#buckets.set(key, bucket);
    if (!bucket.take(nowMs, amount)) {
      throw new CanopyError('RATE_LIMITED', `too many chat ${what} at once`);
    }
  }
}
