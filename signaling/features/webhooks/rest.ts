/** Bodies of the REST API for webhooks. */
import { z } from 'zod';
import { displayName } from '../../../contract/index.ts';
import { webhookEventType } from './events.ts';

const unixMs = z.number().describe('Unix time in milliseconds.');

const url = z.string().max(2000).describe('Where events are sent, over HTTPS to a public address.');
const events = z.array(webhookEventType).min(1).max(50);

export const webhookRequest = z.object({
  name: displayName.describe('What it is for; no other webhook has this name.'),
  url,
  events,
  enabled: z.boolean().default(true),
});
export const webhookChange = z
  .object({ name: displayName, url, events, enabled: z.boolean() })
  .partial()
  .describe('Omitted fields stay unchanged.');

export const webhookInfo = z.object({
  webhookId: z.uuid(),
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  disabledReason: z.string().nullable().describe('Why the server disabled it; null: it did not.'),
  createdBy: z.string().describe('Name of the token that created it, or `api.key`.'),
  createdAtMs: unixMs,
  failingSinceMs: unixMs
    .nullable()
    .describe('Since when every attempt has failed; null: the last one succeeded.'),
  waiting: z.int().describe('Messages that wait for their first or next attempt.'),
  dropped: z
    .int()
    .describe(
      'Events that were dropped since the start of the server, because 10 000 messages were waiting.',
    ),
});
export type WebhookInfo = z.infer<typeof webhookInfo>;

export const webhookList = z.object({ webhooks: z.array(webhookInfo) });
export const createdWebhook = webhookInfo.extend({
  secret: z.string().describe('With it the receiver verifies messages. It cannot be shown again.'),
});
export const deletedWebhook = z.object({ name: z.string() });
export const webhookParams = z.object({ webhookId: z.uuid() });

export const deliveryQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) });
export const deliveryInfo = z.object({
  messageId: z.string(),
  sequence: z.number().nullable().describe('Counts the events of this webhook from 1; null for a test.'),
  type: z.string(),
  createdAtMs: unixMs,
  status: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.int(),
  nextAttemptAtMs: unixMs.nullable(),
  lastStatus: z.int().nullable().describe('HTTP status of the last answer.'),
  lastError: z.string().nullable(),
  lastTookMs: z.int().nullable(),
});
export type DeliveryInfo = z.infer<typeof deliveryInfo>;
export const deliveryList = z.object({ deliveries: z.array(deliveryInfo) });

export const pingResult = z.object({
  messageId: z.string(),
  delivered: z.boolean(),
  status: z.int().nullable().describe('HTTP status of the answer; null: there was none.'),
  error: z.string().nullable(),
  tookMs: z.int(),
});
