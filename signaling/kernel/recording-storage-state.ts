/** How moving recordings to their bucket goes. */
export interface RecordingStorageState {
  /** Why the bucket cannot be used, naming the setting; null: it can. */
  problem: string | null;
  /** Files that are to be uploaded, and their size: they are only on this disk. */
  waiting: number;
  waitingBytes: number;
  /** Since when the oldest of them waits, in Unix time in milliseconds; null: none does. */
  waitingSinceMs: number | null;
  /** Files of deleted recordings that are to be deleted in the bucket. */
  deleting: number;
}
