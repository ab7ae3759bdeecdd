import { storable } from '../../../contract/index.ts';
import type { Attempt } from '../../kernel/index.ts';
import type { Store } from '../../store/index.ts';
import type { WebhookDeliveryRow } from './tables.ts';

/** Rows per statement. */
const BATCH = 50;

/** The stored messages to endpoints: those that wait, and the latest of the others. */
export class DeliveryQueue {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds messages, with the sequence numbers that their endpoints have reached. */
  async add(rows: WebhookDeliveryRow[], lastSeqs: ReadonlyMap<string, number>): Promise<void> {
    await this.#store.transaction(async (db) => {
      for (let start = 0; start < rows.length; start += BATCH) {
        await db
          .insertInto('webhook_deliveries')
          .values(rows.slice(start, start + BATCH))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      for (const [webhookId, seq] of lastSeqs) {
        await db.updateTable('webhooks').set({ last_seq: seq }).where('webhook_id', '=', webhookId).execute();
      }
    });
  }

  /** The first message, in their order, that is due; else when the next one will be. Undefined: none waits. */
  async next(webhookId: string, nowMs: number): Promise<WebhookDeliveryRow | number | undefined> {
    const waiting = this.#store.db
      .selectFrom('webhook_deliveries')
      .where('webhook_id', '=', webhookId)
      .where('status', '=', 'waiting');
    const due = await waiting
      .selectAll()
      .where('next_attempt_ms', '<=', nowMs)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    if (due) {
      return fromRow(due);
    }
    const { earliest } = await waiting
      .select(({ fn }) => fn.min('next_attempt_ms').as('earliest'))
      .executeTakeFirstOrThrow();
    return earliest === null ? undefined : Number(earliest);
  }

  /** Records an attempt. `next`: when it is tried again; else that it was delivered, or given up. */
  async attempted(
    { message_id, attempts }: Pick<WebhookDeliveryRow, 'message_id' | 'attempts'>,
    { status, error, tookMs }: Attempt,
    next: { nextAttemptMs: number } | 'delivered' | 'failed',
  ): Promise<void> {
    await this.#store.db
      .updateTable('webhook_deliveries')
      .set({
        attempts: attempts + 1,
        last_status: status ?? null,
        last_error: error === undefined ? null : storable(error),
        last_took_ms: tookMs,
        ...(typeof next === 'string'
          ? // What people wrote is not kept longer than needed.
            { status: next, body: '' }
          : { next_attempt_ms: next.nextAttemptMs }),
      })
      .where('message_id', '=', message_id)
      .execute();
  }

  /** Makes everything that waits for an endpoint due. */
  async hurry(webhookId: string, nowMs: number): Promise<void> {
    await this.#store.db
      .updateTable('webhook_deliveries')
      .set({ next_attempt_ms: nowMs })
      .where('webhook_id', '=', webhookId)
      .where('status', '=', 'waiting')
      .execute();
  }

  /** Gives up what waits for an endpoint. Returns how much that was. */
  async giveUp(webhookId: string, reason: string): Promise<number> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('webhook_deliveries')
      .set({ status: 'failed', body: '', last_error: reason })
      .where('webhook_id', '=', webhookId)
      .where('status', '=', 'waiting')
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** Number of waiting messages by endpoint. */
  async waiting(): Promise<Map<string, number>> {
    const rows = await this.#store.db
      .selectFrom('webhook_deliveries')
      .select(({ fn }) => ['webhook_id', fn.countAll<number>().as('waiting')])
      .where('status', '=', 'waiting')
      .groupBy('webhook_id')
      .execute();
    return new Map(rows.map(({ webhook_id, waiting }) => [webhook_id, Number(waiting)]));
  }

  /** Messages to an endpoint, latest first. */
  async list(webhookId: string, limit: number): Promise<WebhookDeliveryRow[]> {
    const rows = await this.#store.db
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('webhook_id', '=', webhookId)
      .orderBy('created_at_ms', 'desc')
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  /** Deletes all but the latest finished messages to an endpoint. */
  async prune(webhookId: string, kept: number): Promise<void> {
    const { db } = this.#store;
    const finished = db
      .selectFrom('webhook_deliveries')
      .where('webhook_id', '=', webhookId)
      .where('status', '!=', 'waiting');
    const last = await finished
      .select('created_at_ms')
      .orderBy('created_at_ms', 'desc')
      .offset(kept)
      .limit(1)
      .executeTakeFirst();
    if (last) {
      await db
        .deleteFrom('webhook_deliveries')
        .where('webhook_id', '=', webhookId)
        .where('status', '!=', 'waiting')
        .where('created_at_ms', '<=', last.created_at_ms)
        .execute();
    }
  }
}

function fromRow(row: WebhookDeliveryRow): WebhookDeliveryRow {
  return {
    ...row,
    seq: row.seq === null ? null : Number(row.seq),
    created_at_ms: Number(row.created_at_ms),
    next_attempt_ms: Number(row.next_attempt_ms),
  };
}
