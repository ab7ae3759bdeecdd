import type { Role } from '../../contract/index.ts';

/** Tables of the store. Times are Unix times in milliseconds. */
export interface Tables {
  accounts: AccountRow;
  /** Devices that have signed in. */
  devices: DeviceRow;
  /** Rooms that a guest may enter. */
  grants: { account_id: string; room_id: string };
  invitations: InvitationRow;
  sip_phones: PhoneRow;
  sip_trunks: TrunkRow;
  dial_rules: DialRuleRow;
  /** PINs by which callers enter rooms. */
  room_pins: { room_id: string; pin: string };
  calls: CallRow;
  rooms: RoomRow;
  /** The deployment's own revocations. */
  revocations: RevocationRow;
  /** Secrets that all servers on a database share, by name. */
  secrets: { name: string; value: string };
  /** One row, which readiness checks write. */
  probes: { id: number; written_at_ms: number };
}

export interface AccountRow {
  account_id: string;
  display_name: string;
  role: Role;
  source: 'invite' | 'pki';
  created_at_ms: number;
  last_seen_at_ms: number | null;
  /** `secret_hash` of the invitation that admitted it; null for people with a company certificate. */
  invitation: string | null;
  /** 1 for the phone gateway created with this data folder. */
  is_gateway: number;
}

export interface DeviceRow {
  account_id: string;
  device_id: string;
  first_seen_at_ms: number;
  last_seen_at_ms: number;
  /** The client's self-reported name; null if it gives none. */
  user_agent: string | null;
}

export interface InvitationRow {
  /** SHA-256 of the secret, hex: the store never holds the secret itself. */
  secret_hash: string;
  role: Role;
  room_id: string | null;
  display_name: string | null;
  /** The inviting account; `start` for the link that the server printed; null for the command line and the API key. */
  created_by: string | null;
  created_at_ms: number;
  expires_at_ms: number;
  used_at_ms: number | null;
  used_by: string | null;
  /** 1 for this data folder's own phone gateway. */
  is_gateway: number;
}

export interface PhoneRow {
  username: string;
  display_name: string | null;
  /** HA1 of the digest algorithms, hex: the password itself is not stored. */
  ha1_md5: string;
  ha1_sha256: string;
}

export interface TrunkRow {
  name: string;
  /** JSON of the whole trunk, its password too: digest clients need it in the clear. */
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
  started_at_ms: number;
  answered_at_ms: number | null;
  ended_at_ms: number | null;
  end_cause: string | null;
  sip_status: number | null;
  mos: number | null;
}

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

export interface RevocationRow {
  /** A device id, an account id, or the serial number of a certificate of the deployment CA, hex. */
  id: string;
  revoked_at_ms: number;
}
