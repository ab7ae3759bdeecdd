export interface CallHistoryRow {
  /** Whose list it is in. */
  account_id: string;
  call_id: string;
  direction: 'incoming' | 'outgoing';
  /** What `peer` is. */
  peer_kind: 'account' | 'number' | 'room';
  /** The other's account id or telephone number, or the room. */
  peer: string;
  peer_name: string;
  /** `peer_name` in the form in which names are compared. */
  peer_folded: string;
  media: 'audio' | 'video';
  /** The room of the call; null unless it was answered. */
  room_id: string | null;
  started_at_ms: number;
  answered_at_ms: number | null;
  /** Null while it is in progress. */
  ended_at_ms: number | null;
  outcome: string | null;
  /** 0 for a missed call that no device has shown yet. */
  seen: number;
  /** The account's own phone that it was on. */
  phone: string | null;
  /** The id of that phone's call, or of the other's. */
  leg_id: string | null;
  peer_leg_id: string | null;
  codec: string | null;
  mos: number | null;
}

export interface CallSettingsRow {
  account_id: string;
  /** The account's alias, by which it can be called. */
  alias: string;
  calls_from: 'everyone' | 'contacts' | 'nobody';
  do_not_disturb: number;
  history_days: number;
  /** JSON: where calls go; null: nowhere. */
  forwarding: string | null;
  withhold_number: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    /** Direct calls, once for each of the two people. */
    call_history: CallHistoryRow;
    /** Accounts that can be called. */
    call_settings: CallSettingsRow;
    /** Accounts that another one does not want to be called by. */
    call_blocks: { account_id: string; blocked_id: string; blocked_name: string; blocked_at_ms: number };
  }
}
