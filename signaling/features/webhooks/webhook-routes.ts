import { errorResponses, type Kernel, type TargetGuard } from '../../kernel/index.ts';
import type { Deliveries } from './deliveries.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import {
  createdWebhook,
  type DeliveryInfo,
  deletedWebhook,
  deliveryList,
  deliveryQuery,
  pingResult,
  type WebhookInfo,
  webhookChange,
  webhookInfo,
  webhookList,
  webhookParams,
  webhookRequest,
} from './rest.ts';
import { secretOf } from './signature.ts';
import type { WebhookDeliveryRow } from './tables.ts';
import type { Webhook, Webhooks } from './webhooks.ts';

export interface WebhookRoutesOptions {
  webhooks: Webhooks;
  deliveries: Deliveries;
  queue: DeliveryQueue;
  guard: TargetGuard;
  /** The key from which the secrets are derived. */
  key: string;
}

/** Routes for administrators: create, list, change, test and delete webhooks, and see what was delivered. */
export function registerWebhookRoutes(kernel: Kernel, options: WebhookRoutesOptions): void {
  const { webhooks, deliveries, queue, guard, key } = options;
  const infoOf = ({ lastSeq: _lastSeq, ...webhook }: Webhook): WebhookInfo => ({
    ...webhook,
    events: [...webhook.events],
    ...deliveries.loadOf(webhooks.require(webhook.webhookId)),
  });
  kernel.adminRoutes('webhook.administer', (app) => {
    app.post(
      '/api/webhooks',
      {
        config: { act: 'webhook.create' },
        schema: {
          description:
            'Creates a webhook: the server sends events of these types to the URL. Returns the secret with which the receiver verifies them, only this once.',
          body: webhookRequest,
          response: { 200: createdWebhook, ...errorResponses },
        },
      },
      async ({ body, principal }) => {
        const { href } = guard.checkUrl(body.url);
        const events = [...new Set(body.events)];
        const webhook = await webhooks.create({ ...body, events, url: href, createdBy: principal.name });
        return { ...infoOf(webhook), secret: secretOf(key, webhook.webhookId) };
      },
    );
    app.get(
      '/api/webhooks',
      {
        schema: {
          description: 'Webhooks with their state, latest first. Their secrets cannot be shown again.',
          response: { 200: webhookList, ...errorResponses },
        },
      },
      async () => ({ webhooks: webhooks.all.map(infoOf) }),
    );
    app.patch(
      '/api/webhooks/:webhookId',
      {
        config: { act: 'webhook.change' },
        schema: {
          description:
            'Changes a webhook. Enabling it starts anew; disabling it gives up what waits. Its secret stays: for another one, create another webhook.',
          params: webhookParams,
          body: webhookChange,
          response: { 200: webhookInfo, ...errorResponses },
        },
      },
      async ({ params, body }) => {
        const webhook = webhooks.require(params.webhookId);
        const { url, events, enabled, ...change } = body;
        await webhooks.change(webhook, {
          ...(change.name !== undefined && { name: change.name }),
          ...(url !== undefined && { url: guard.checkUrl(url).href }),
          ...(events !== undefined && { events: [...new Set(events)] }),
          ...(enabled !== undefined && { enabled }),
          ...(enabled === true && { disabledReason: null, failingSinceMs: null }),
        });
        if (enabled === false) {
          await deliveries.giveUp(webhook, 'the webhook was disabled');
        }
        await deliveries.hurry(webhook);
        return infoOf(webhook);
      },
    );
    app.delete(
      '/api/webhooks/:webhookId',
      {
        config: { act: 'webhook.delete' },
        schema: {
          description: 'Deletes a webhook, with what waits for it.',
          params: webhookParams,
          response: { 200: deletedWebhook, ...errorResponses },
        },
      },
      async ({ params }) => {
        const webhook = webhooks.require(params.webhookId);
        await webhooks.delete(webhook);
        deliveries.forget(webhook);
        return { name: webhook.name };
      },
    );
    app.post(
      '/api/webhooks/:webhookId/ping',
      {
        config: { act: 'webhook.ping' },
        schema: {
          description:
            'Sends a test event, `webhook.ping`, once, also to a disabled webhook. Answers when the target has, after ten seconds at most.',
          params: webhookParams,
          response: { 200: pingResult, ...errorResponses },
        },
      },
      async ({ params }) => {
        const { status, error, ...rest } = await deliveries.ping(webhooks.require(params.webhookId));
        return { ...rest, delivered: error === undefined, status: status ?? null, error: error ?? null };
      },
    );
    app.get(
      '/api/webhooks/:webhookId/deliveries',
      {
        schema: {
          description:
            'What a webhook was sent, latest first, without the content: all that waits, and the last 100 others.',
          params: webhookParams,
          querystring: deliveryQuery,
          response: { 200: deliveryList, ...errorResponses },
        },
      },
      async ({ params, query: { limit } }) => {
        const { webhookId } = webhooks.require(params.webhookId);
        await deliveries.store();
        return { deliveries: (await queue.list(webhookId, limit)).map(deliveryOf) };
      },
    );
  });
}

function deliveryOf(row: WebhookDeliveryRow): DeliveryInfo {
  return {
    messageId: row.message_id,
    sequence: row.seq,
    type: row.type,
    createdAtMs: row.created_at_ms,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAtMs: row.status === 'waiting' ? row.next_attempt_ms : null,
    lastStatus: row.last_status,
    lastError: row.last_error,
    lastTookMs: row.last_took_ms,
  };
}
