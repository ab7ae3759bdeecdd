/** Who acts: someone with an account, an API token, the operator with the key or on the command line, the server itself, or a stranger. */
export type ActorKind = 'account' | 'token' | 'operator' | 'system' | 'stranger';

export interface AuditRow {
  /** Increases with time; compare as text. */
  entry_id: string;
  at_ms: number;
  actor_kind: ActorKind;
  /** An account or token; the pseudonym of an account that was deleted; null for others. */
  actor_id: string | null;
  /** The name of the account or token at the time, or what the server did it for. */
  actor_name: string | null;
  device_id: string | null;
  /** IP address; null if the server acted, or the account was deleted. */
  address: string | null;
  /** Name of the request, e.g. `ban.add`. */
  action: string;
  /** `ok`, or the code of the refusal. */
  outcome: string;
  room_id: string | null;
  /** The account that it was done to, or its pseudonym. */
  account_id: string | null;
  /** JSON object. */
  details: string | null;
  /** How often it happened within a minute. */
  count: number;
}

declare module '../../store/tables.ts' {
  interface Tables {
    audit: AuditRow;
  }
}
