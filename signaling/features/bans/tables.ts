export interface RoomBanRow {
  room_id: string;
  account_id: string;
  /** The name at the time of the ban. */
  display_name: string;
  /** The moderator's account and name; null for the operator. */
  banned_by: string | null;
  banned_by_name: string | null;
  banned_at_ms: number;
  /** `secret_hash` of the invitation that the account enrolled with, if nobody new may enter by it; otherwise null. */
  invitation: string | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    room_bans: RoomBanRow;
  }
}
