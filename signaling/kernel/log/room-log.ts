/** An entry: its kind, and bytes that the log never reads, so that they may be encrypted. */
export interface LogRecord {
  readonly seq: number;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/**
 * An append-only sequence with one writer, the room. Sequence numbers start at 1 and have no gaps. An implementation with a store must also
 * number in memory and write behind, so that a call never waits for the store.
 */
export interface RoomLog {
  /** Random, so that positions in different logs cannot be confused. */
  readonly logId: string;
  /** Sequence number of the last entry; 0 if there is none. */
  readonly head: number;
  /** Returns the new entry's sequence number. */
  append(kind: string, bytes: Uint8Array): number;
  /** The entries after `seq`, in order. `gone`: some are no longer kept, or the position does not exist. */
  since(seq: number): readonly LogRecord[] | 'gone';
}
