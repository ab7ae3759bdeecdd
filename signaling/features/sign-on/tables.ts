/** A person at the sign-on provider, and their account here. */
export interface SignOnRow {
  issuer: string;
  /** The provider's id of the person. */
  subject: string;
  /** The account; null until they have enrolled. */
  account_id: string | null;
  /** `secret_hash` of the latest invitation that was made for them: only this one admits them. */
  invitation: string;
  /** The earlier account, while the present one takes its place. */
  replacing: string | null;
  created_at_ms: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    sign_ons: SignOnRow;
  }
}
