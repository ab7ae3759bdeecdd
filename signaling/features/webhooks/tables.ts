export interface WebhookRow {
  /** A UUID. */
  webhook_id: string;
  name: string;
  url: string;
  /** JSON list of the types of events that it gets. */
  events: string;
  /** 1 if events are sent to it. */
  enabled: number;
  /** Why the server disabled it; null: it did not. */
  disabled_reason: string | null;
  /** Name of the token that created it, or `api.key`. */
  created_by: string;
  created_at_ms: number;
  /** Sequence number of its latest event. */
  last_seq: number;
  /** Since when every attempt has failed; null: the last one succeeded. */
  failing_since_ms: number | null;
}

export interface WebhookDeliveryRow {
  message_id: string;
  webhook_id: string;
  /** Null for tests. */
  seq: number | null;
  type: string;
  /** What is sent; empty once it is delivered or given up. */
  body: string;
  created_at_ms: number;
  /** `waiting`: for its first or next attempt. */
  status: 'waiting' | 'delivered' | 'failed';
  attempts: number;
  next_attempt_ms: number;
  /** HTTP status of the last answer; null: there was none. */
  last_status: number | null;
  last_error: string | null;
  /** How long the last attempt took, in milliseconds. */
  last_took_ms: number | null;
}

declare module '../../store/tables.ts' {
  interface Tables {
    webhooks: WebhookRow;
    webhook_deliveries: WebhookDeliveryRow;
  }
}
