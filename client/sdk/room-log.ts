import type { EventName, LogPosition, RequestResult } from '../../contract/index.ts';

export interface RoomLogOptions {
  /** Applies an event or a log entry. */
  apply(kind: string, data: unknown): void;
  /** An entry is missing. Later entries are dropped until catchUp() delivers it. */
  missing(): void;
}

/**
 * Follows a room's log: applies each entry once and in order, whether it arrived as an event or with a join. Other events are applied as
 * they come.
 */
export class RoomLog {
  readonly #options: RoomLogOptions;
  #position: LogPosition | undefined;

  constructor(options: RoomLogOptions) {
    this.#options = options;
  }

  /** The last entry that was applied or is covered by a snapshot; undefined before the first join. */
  get position(): LogPosition | undefined {
    return this.#position;
  }

  /** Handles an event from the server. */
  receive(kind: EventName, data: unknown): void {
    const log = positionOf(data);
    if (!log) {
      this.#options.apply(kind, data);
    } else if (log.logId === this.#position?.logId) {
      this.#take(log.seq, kind, data);
    }
    // Otherwise it is from a room that was left or is not entered yet.
  }

  /** Applies the missed entries in the answer to a join. Without entries, the snapshot that is applied next covers everything. */
  catchUp({ logId, seq, entries }: RequestResult<'room.join'>['log']): void {
    if (logId === this.#position?.logId) {
      for (const { seq: number, kind, data } of entries ?? []) {
        this.#take(number, kind, { ...data, log: { logId, seq: number } });
      }
    }
    this.#position = { logId, seq };
  }

  #take(seq: number, kind: string, data: unknown): void {
    const { logId, seq: last } = this.#position as LogPosition;
    if (seq > last + 1) {
      this.#options.missing();
    } else if (seq === last + 1) {
      this.#position = { logId, seq };
      this.#options.apply(kind, data);
    }
  }
}

function positionOf(data: unknown): LogPosition | undefined {
  return (data as { log?: LogPosition } | undefined)?.log;
}
