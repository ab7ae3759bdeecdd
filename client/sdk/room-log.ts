import type { EventName, LogPosition, RequestResult } from '../../contract/index.ts';

export interface RoomLogOptions {
  /** An event or entry is due. */
  apply(kind: string, data: unknown): void;
  /** An entry is missing: what follows is dropped until `catchUp` brings it. */
  missing(): void;
}

/** Follows a room's log: passes each entry on once, in order, wherever it came from. Events that are no entries pass as they come. */
export class RoomLog {
  readonly #options: RoomLogOptions;
  #position: LogPosition | undefined;

  constructor(options: RoomLogOptions) {
    this.#options = options;
  }

  /** The last entry that was passed on or that a snapshot covers; undefined before the first answer. */
  get position(): LogPosition | undefined {
    return this.#position;
  }

  /** An event arrived. */
  receive(kind: EventName, data: unknown): void {
    const log = positionOf(data);
    if (!log) {
      this.#options.apply(kind, data);
    } else if (log.logId === this.#position?.logId) {
      this.#take(log.seq, kind, data);
    }
    // Else it is of a room that was left, or that is not entered yet.
  }

  /** The answer to a join: passes on what was missed. Without entries its snapshot, to be applied next, covers everything. */
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
