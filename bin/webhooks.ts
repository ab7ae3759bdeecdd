import type { Config } from '../base/index.ts';
import {
  createdWebhook,
  pingResult,
  WEBHOOK_EVENTS,
  type WebhookInfo,
  webhookList,
} from '../signaling/index.ts';
import { OwnApi } from './own-api.ts';
import { time } from './text.ts';
import { UsageError } from './usage-error.ts';

interface Options {
  url?: string;
  json?: boolean;
}

/** Creates a webhook on the running server. Returns its secret, and a line about it for people. */
export async function createWebhook(
  config: Config,
  name: string,
  target: string,
  { url, events, json }: Options & { events: string[] },
): Promise<{ secret: string; note: string }> {
  const unknown = events.filter((type) => !Object.hasOwn(WEBHOOK_EVENTS, type));
  if (unknown.length > 0) {
    throw new UsageError(`unknown event ${unknown.join(', ')}; the events are ${eventsText()}`);
  }
  const body = { name, url: target, events };
  const created = createdWebhook.parse(await new OwnApi(config, url).call('POST', '/api/webhooks', body));
  return json
    ? { secret: JSON.stringify(created, null, 2), note: '' }
    : {
        secret: created.secret,
        note: 'The receiver verifies messages with this secret. It cannot be shown again.\n',
      };
}

/** Lists the webhooks of the running server, as text or JSON. */
export async function listWebhooks(config: Config, { url, json }: Options): Promise<string> {
  const webhooks = await allWebhooks(new OwnApi(config, url));
  if (json) {
    return `${JSON.stringify(webhooks, null, 2)}\n`;
  }
  return webhooks.length === 0 ? 'There are no webhooks.\n' : webhooks.map(describe).join('\n');
}

/** Sends a test event. Returns how that went. */
export async function pingWebhook(
  config: Config,
  nameOrId: string,
  { url }: Options,
): Promise<{ text: string; delivered: boolean }> {
  const api = new OwnApi(config, url);
  const { webhookId } = await oneOf(api, nameOrId);
  const result = pingResult.parse(await api.call('POST', `/api/webhooks/${webhookId}/ping`));
  const { delivered, status, error, tookMs } = result;
  const outcome = [...(status === null ? [] : [`HTTP ${status}`]), ...(error === null ? [] : [error])];
  return {
    text: `${delivered ? 'Delivered' : 'Not delivered'}: ${outcome.join(', ')} (${tookMs} ms).\n`,
    delivered,
  };
}

/** Enables or disables a webhook. */
export async function enableWebhook(
  config: Config,
  nameOrId: string,
  { url, enabled }: Options & { enabled: boolean },
): Promise<string> {
  const api = new OwnApi(config, url);
  const { webhookId, name } = await oneOf(api, nameOrId);
  await api.call('PATCH', `/api/webhooks/${webhookId}`, { enabled });
  return `The webhook is ${enabled ? 'enabled' : 'disabled'} (${name}).\n`;
}

/** Deletes a webhook, with what waits for it. */
export async function deleteWebhook(config: Config, nameOrId: string, { url }: Options): Promise<string> {
  const api = new OwnApi(config, url);
  const { webhookId, name } = await oneOf(api, nameOrId);
  await api.call('DELETE', `/api/webhooks/${webhookId}`);
  return `The webhook is deleted (${name}).\n`;
}

function eventsText(): string {
  const lines = Object.entries(WEBHOOK_EVENTS).map(([type, { when }]) => `  ${type.padEnd(19)} ${when}`);
  return `\n${lines.join('\n')}`;
}

async function allWebhooks(api: OwnApi): Promise<WebhookInfo[]> {
  return webhookList.parse(await api.call('GET', '/api/webhooks')).webhooks;
}

/** @throws {UsageError} none has this name or id */
async function oneOf(api: OwnApi, nameOrId: string): Promise<WebhookInfo> {
  const found = (await allWebhooks(api)).find(
    ({ name, webhookId }) => name === nameOrId || webhookId === nameOrId,
  );
  if (!found) {
    throw new UsageError(`no webhook has the name or id ${nameOrId}; canopy webhook list shows all`);
  }
  return found;
}

function describe(webhook: WebhookInfo): string {
  const { enabled, disabledReason, failingSinceMs, waiting, dropped } = webhook;
  const state = enabled
    ? failingSinceMs === null
      ? 'enabled'
      : `failing since ${time(failingSinceMs)}`
    : `DISABLED${disabledReason === null ? '' : `: ${disabledReason}`}`;
  const lines = [
    `${webhook.name}, ${state}`,
    `  id      ${webhook.webhookId}`,
    `  url     ${webhook.url}`,
    `  events  ${webhook.events.join(' ')}`,
    `  created ${time(webhook.createdAtMs)} by ${webhook.createdBy}, ${waiting} waiting${dropped > 0 ? `, ${dropped} dropped` : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}
