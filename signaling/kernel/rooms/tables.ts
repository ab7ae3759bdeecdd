export interface RoomRow {
  /** The room's name. */
  room_id: string;
  /** The account that owns it; null if none does. */
  owner_id: string | null;
  title: string | null;
  /** JSON; `{}` for the defaults. */
  settings: string;
  created_at_ms: number;
  last_used_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    rooms: RoomRow;
    /** The accounts to which each room’s settings give a role, to find their rooms. */
    room_roles: { account_id: string; room_id: string };
  }
}
