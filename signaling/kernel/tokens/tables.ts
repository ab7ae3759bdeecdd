export interface ApiTokenRow {
  /** A UUID. */
  token_id: string;
  /** SHA-256 of the token, hex. */
  secret_hash: string;
  /** Unique. */
  name: string;
  /** JSON list of scopes. */
  scopes: string;
  /** JSON list of the only rooms that it reaches; null: everything. */
  rooms: string | null;
  /** Name of the token that created it, or `api.key`. */
  created_by: string;
  created_at_ms: number;
  /** Null: never. */
  expires_at_ms: number | null;
  last_used_at_ms: number | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    api_tokens: ApiTokenRow;
  }
}
