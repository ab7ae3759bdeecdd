import { randomBytes } from 'node:crypto';
import type { LogRecord, RoomLog } from './room-log.ts';

export interface MemoryRoomLogOptions {
  /** Maximum number of entries kept. Default 1000. */
  maxEntries?: number;
  /** Maximum size of the entries kept, including overhead, in bytes. Default 262 144. */
  maxBytes?: number;
}

/** Approximate overhead of an entry, in bytes. */
const OVERHEAD_BYTES = 128;

/** A log that keeps its newest entries in memory. A client that missed older ones gets a snapshot instead. */
export class MemoryRoomLog implements RoomLog {
  readonly logId = randomBytes(12).toString('base64url');
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** The newest entries, oldest first. */
  readonly #kept: LogRecord[] = [];
  #head = 0;
  #keptBytes = 0;

  constructor({ maxEntries = 1000, maxBytes = 262_144 }: MemoryRoomLogOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get head(): number {
    return this.#head;
  }

  /** Size of the entries kept, including overhead, in bytes. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  append(kind: string, bytes: Uint8Array): number {
    this.#head += 1;
    this.#kept.push({ seq: this.#head, kind, bytes });
    this.#keptBytes += bytes.length + OVERHEAD_BYTES;
    while (this.#kept.length > this.#maxEntries || this.#keptBytes > this.#maxBytes) {
      this.#keptBytes -= (this.#kept.shift()?.bytes.length ?? 0) + OVERHEAD_BYTES;
    }
    return this.#head;
  }

  since(seq: number): readonly LogRecord[] | 'gone' {
    const missed = this.#head - seq;
    if (missed < 0 || missed > this.#kept.length) {
      return 'gone';
    }
    return this.#kept.slice(this.#kept.length - missed);
  }
}
