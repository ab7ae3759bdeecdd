import type { Role } from '../../../contract/index.ts';

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
  /** 1 for the server's own phone gateway. */
  is_gateway: number;
  /** The room link through which this person came, or the addressMark() of a room; null for an invitation that someone made. */
  link_id: string | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    invitations: InvitationRow;
  }
}
