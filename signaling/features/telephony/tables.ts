import type { CallRecord, IceUse, SrtpKeying, SrtpUse } from '../../../contract/index.ts';

export interface PhoneRow {
  username: string;
  display_name: string | null;
  /** HA1 of each digest algorithm, hex. The password itself is not stored. */
  ha1_md5: string;
  ha1_sha256: string;
  srtp: SrtpUse;
  keying: SrtpKeying;
  ice: IceUse;
  /** Null: the default. */
  transfers: 'off' | 'internal' | 'outgoing' | null;
}

export interface TrunkRow {
  name: string;
  /** JSON of the trunk, including its password: digest clients need it in the clear. */
  settings: string;
}

export interface DialRuleRow {
  /** The order in which rules are tried. */
  position: number;
  direction: 'incoming' | 'outgoing';
  pattern: string;
  /** JSON. */
  action: string;
}

export interface CallRow {
  call_id: string;
  direction: 'incoming' | 'outgoing';
  remote: string;
  dialled: string;
  trunk: string | null;
  room_id: string | null;
  codec: string | null;
  encryption: CallRecord['encryption'];
  started_at_ms: number;
  answered_at_ms: number | null;
  ended_at_ms: number | null;
  end_cause: string | null;
  sip_status: number | null;
  mos: number | null;
  jitter_ms: number | null;
  loss_fraction: number | null;
  remote_loss_fraction: number | null;
  round_trip_ms: number | null;
  /** JSON of what the trunk says about the caller. */
  attributes: string | null;
  transfer_target: string | null;
  transfer_status: number | null;
  /** The other party's name in the room. */
  display_name: string | null;
  /** The phone of this server. */
  phone: string | null;
  /** The person whose phone it was, who placed it, or whose number was called. */
  account_id: string | null;
  /** What the other side says about its end. */
  end_reason: string | null;
  /** JSON: what is known about the caller's number. */
  verification: string | null;
  /** Name, numbers and attributes in the form in which they are searched. */
  search: string;
}

export interface TrunkUsageRow {
  trunk: string;
  /** Date in the trunk's time zone. */
  day: string;
  /** Empty: all calls; or `=` and a prefix of the trunk's prices. */
  scope: string;
  seconds: number;
  cost: number;
}

/** Registrations of a phone, saved for a restart of the gateway. */
export interface SavedBindingsRow {
  username: string;
  /** JSON of SavedBinding[]. */
  bindings: string;
  /** When the last one expires. */
  expires_at_ms: number;
}

/** Canopy's registration at a trunk, saved for a restart of the gateway. */
export interface SavedTrunkRow {
  trunk: string;
  instance: string;
  call_id: string;
  sequence: number;
  /** JSON of string[]. */
  addresses: string;
  expires_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    sip_phones: PhoneRow;
    sip_trunks: TrunkRow;
    dial_rules: DialRuleRow;
    /** PINs with which callers enter rooms. */
    room_pins: { room_id: string; pin: string; moderator_pin: string | null };
    /** Phones that belong to people. `rings`: whether it rings when its owner is called, 0 or 1. */
    person_phones: { username: string; account_id: string; rings: number };
    /** Numbers by which people are called. */
    person_numbers: { number: string; account_id: string };
    calls: CallRow;
    /** What was used of trunks per day, for their limits. */
    trunk_usage: TrunkUsageRow;
    saved_bindings: SavedBindingsRow;
    saved_trunk_registrations: SavedTrunkRow;
  }
}
