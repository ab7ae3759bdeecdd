import { randomUUID } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import { isUniqueViolation, type Store } from '../../store/index.ts';
import { type WebhookEventType, webhookEventType } from './events.ts';
import type { WebhookRow } from './tables.ts';

/** Maximum number of endpoints. */
const MAX_WEBHOOKS = 50;

/** An endpoint that gets events. Times are Unix times in milliseconds. */
export interface Webhook {
  readonly webhookId: string;
  name: string;
  url: string;
  events: readonly WebhookEventType[];
  enabled: boolean;
  /** Why the server disabled it; null: it did not. */
  disabledReason: string | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Sequence number of its latest event. */
  lastSeq: number;
  /** Since when every attempt has failed; null: the last one succeeded. */
  failingSinceMs: number | null;
}

export type WebhookChange = Partial<
  Pick<Webhook, 'name' | 'url' | 'events' | 'enabled' | 'disabledReason' | 'failingSinceMs'>
>;

/** The endpoints of webhooks. */
export class Webhooks {
  readonly #store: Store;
  readonly #byId = new Map<string, Webhook>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the stored endpoints. */
  async load(): Promise<void> {
    for (const row of await this.#store.db.selectFrom('webhooks').selectAll().execute()) {
      this.#byId.set(row.webhook_id, fromRow(row));
    }
  }

  /** All of them, latest first. */
  get all(): Webhook[] {
    return [...this.#byId.values()].sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  /** @throws {CanopyError} WEBHOOK_UNKNOWN */
  require(webhookId: string): Webhook {
    const webhook = this.#byId.get(webhookId);
    if (!webhook) {
      throw new CanopyError('WEBHOOK_UNKNOWN');
    }
    return webhook;
  }

  /** @throws {CanopyError} WEBHOOK_EXISTS, LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
  async create(given: Pick<Webhook, 'name' | 'url' | 'events' | 'enabled' | 'createdBy'>): Promise<Webhook> {
    if (this.#byId.size >= MAX_WEBHOOKS) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_WEBHOOKS} webhooks`);
    }
    const webhook: Webhook = {
      ...given,
      webhookId: randomUUID(),
      disabledReason: null,
      createdAtMs: Date.now(),
      lastSeq: 0,
      failingSinceMs: null,
    };
    await unique(given.name, () => this.#store.db.insertInto('webhooks').values(toRow(webhook)).execute());
    this.#byId.set(webhook.webhookId, webhook);
    return webhook;
  }

  /** @throws {CanopyError} WEBHOOK_EXISTS, STORE_BUSY, STORE_UNWRITABLE */
  async change(webhook: Webhook, change: WebhookChange): Promise<void> {
    const { name, url, events, enabled, disabled_reason, failing_since_ms } = toRow({
      ...webhook,
      ...change,
    });
    await unique(name, () =>
      this.#store.db
        .updateTable('webhooks')
        .set({ name, url, events, enabled, disabled_reason, failing_since_ms })
        .where('webhook_id', '=', webhook.webhookId)
        .execute(),
    );
    Object.assign(webhook, change);
  }

  /** Deletes an endpoint with its deliveries. @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE */
  async delete({ webhookId }: Webhook): Promise<void> {
    await this.#store.db.deleteFrom('webhooks').where('webhook_id', '=', webhookId).execute();
    this.#byId.delete(webhookId);
  }
}

async function unique(name: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw isUniqueViolation(error) ? new CanopyError('WEBHOOK_EXISTS', name) : error;
  }
}

function toRow(webhook: Webhook): WebhookRow {
  return {
    webhook_id: webhook.webhookId,
    name: webhook.name,
    url: webhook.url,
    events: JSON.stringify(webhook.events),
    enabled: webhook.enabled ? 1 : 0,
    disabled_reason: webhook.disabledReason,
    created_by: webhook.createdBy,
    created_at_ms: webhook.createdAtMs,
    last_seq: webhook.lastSeq,
    failing_since_ms: webhook.failingSinceMs,
  };
}

function fromRow(row: WebhookRow): Webhook {
  return {
    webhookId: row.webhook_id,
    name: row.name,
    url: row.url,
    // A newer version may know others.
    events: (JSON.parse(row.events) as unknown[]).filter(
      (type): type is WebhookEventType => webhookEventType.safeParse(type).success,
    ),
    enabled: row.enabled === 1,
    disabledReason: row.disabled_reason,
    createdBy: row.created_by,
    createdAtMs: Number(row.created_at_ms),
    lastSeq: Number(row.last_seq),
    failingSinceMs: row.failing_since_ms === null ? null : Number(row.failing_since_ms),
  };
}
