/** An entry: what sort it is, and bytes that the log never reads, so that they may be encrypted. */
export interface LogRecord {
  readonly seq: number;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/**
 * An append-only sequence with one writer, the room. Numbers start at 1 and have no gaps. A log kept in a store numbers in memory too and
 * writes behind, so that neither a call nor its order ever waits for the store.
 */
export interface RoomLog {
  /** Random, so that a position in one log is never taken for a position in another. */
  readonly logId: string;
  /** Number of the last entry; 0 while there is none. */
  readonly head: number;
  /** Returns the new entry's number. */
  append(kind: string, bytes: Uint8Array): number;
  /** The entries after `seq`, in order. `gone`: not all of them are kept, or there is no such position. */
  since(seq: number): readonly LogRecord[] | 'gone';
}
