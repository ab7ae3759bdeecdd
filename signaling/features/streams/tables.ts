import type { StreamDirection } from '../../../contract/index.ts';

export interface StreamKeyRow {
  key_id: string;
  /** SHA-256 of the secret, hex: the store never holds the secret itself. */
  secret_hash: string;
  room_id: string;
  direction: StreamDirection;
  name: string;
  /** The account that made it; null for the operator. */
  created_by: string | null;
  created_at_ms: number;
  expires_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    stream_keys: StreamKeyRow;
  }
}
