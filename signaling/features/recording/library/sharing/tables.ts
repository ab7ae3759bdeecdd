export interface RecordingShareRow {
  share_id: string;
  /** Deleted with the recording. */
  recording_id: string;
  /** SHA-256 of the secret, hex: the store never holds the secret itself. */
  secret_hash: string;
  /** Who made it. */
  account_id: string;
  display_name: string;
  created_at_ms: number;
  expires_at_ms: number;
}

declare module '../../../../store/tables.ts' {
  interface Tables {
    recording_shares: RecordingShareRow;
  }
}
