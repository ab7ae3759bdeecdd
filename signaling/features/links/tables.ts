export interface RoomLinkRow {
  link_id: string;
  /** SHA-256 of the secret, hex: the store never holds the secret itself. */
  secret_hash: string;
  room_id: string;
  /** The account that made it; null for the command line and the API key. */
  created_by: string | null;
  created_at_ms: number;
  expires_at_ms: number;
  withdrawn_at_ms: number | null;
  /** Maximum number of guests at a time; null: no limit. */
  max_people: number | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    room_links: RoomLinkRow;
  }
}
