/** When an account was last in a room. */
export interface RoomVisitRow {
  account_id: string;
  room_id: string;
  visited_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    room_visits: RoomVisitRow;
  }
}
