import type { Role } from '../../../contract/index.ts';

export interface AccountRow {
  account_id: string;
  display_name: string;
  role: Role;
  /** `tofu`: somebody let them in from a lobby, and nobody has invited them since. */
  source: 'invite' | 'pki' | 'tofu';
  created_at_ms: number;
  last_seen_at_ms: number | null;
  /**
   * What the account enrolled with: `secret_hash` of an invitation, `link_id` of a room link, or the addressMark() of a room; null for
   * people with a company certificate.
   */
  invitation: string | null;
  /** 1 for the phone gateway created with this data folder. */
  is_gateway: number;
  /** When the latest certificate issued by the deployment CA expires; null for people with a company certificate. */
  expires_at_ms: number | null;
}

export interface DeviceRow {
  account_id: string;
  device_id: string;
  first_seen_at_ms: number;
  last_seen_at_ms: number;
  /** The client's self-reported name; null if it gives none. */
  user_agent: string | null;
  /** The name that its user gave it. */
  name: string | null;
  /** JSON: the device's request for a new certificate, until another device of the account has issued it. */
  renewal_request: string | null;
  /** The certificate that was issued last by another device, base64 DER. */
  renewed_certificate: string | null;
}

export interface RevocationRow {
  /** A device id, an account id, or the serial number of a certificate of the deployment CA, hex. */
  id: string;
  revoked_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    accounts: AccountRow;
    /** Devices that have signed in. */
    devices: DeviceRow;
    /** Rooms that a guest may enter. `admitted_at_ms`: when the account was last admitted from the lobby; null if it never waited. */
    grants: { account_id: string; room_id: string; admitted_at_ms: number | null };
    /** The deployment's own revocations. */
    revocations: RevocationRow;
  }
}
