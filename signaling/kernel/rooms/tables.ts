export interface RoomRow {
  /** Its name. */
  room_id: string;
  /** The account of whoever opened it first; null if no member has. */
  owner_id: string | null;
  title: string | null;
  /** JSON; `{}` if nobody changed them. */
  settings: string;
  created_at_ms: number;
  last_used_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    rooms: RoomRow;
  }
}
