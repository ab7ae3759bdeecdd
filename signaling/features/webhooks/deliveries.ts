import { randomUUID } from 'node:crypto';
import type { Logger } from '../../../base/index.ts';
import type { Attempt, Message } from '../../kernel/index.ts';
import { backOffMs } from './back-off.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { PING, type WebhookEventType } from './events.ts';
import { secretOf, signedHeaders } from './signature.ts';
import type { WebhookDeliveryRow } from './tables.ts';
import type { Webhook, Webhooks } from './webhooks.ts';

/** Version of the body's form. */
const BODY_VERSION = 1;
/** How long a message is tried, and an endpoint may fail before it is disabled, in milliseconds. */
const PATIENCE_MS = 86_400_000;
/** Maximum number of messages that wait for an endpoint, and of messages that are yet to be stored. */
const MAX_WAITING = 10_000;
const MAX_UNSTORED = 10_000;
/** Finished messages that are kept per endpoint, and after how many new ones older ones are deleted. */
const MAX_FINISHED = 100;
const PRUNE_EVERY = 20;
/** Delay after a failure of the database, in milliseconds. */
const STORE_RETRY_MS = 5000;
/** A Node timer runs at most this long, in milliseconds. */
const MAX_TIMER_MS = 3_600_000;
/** Refusals (4xx) that may pass by themselves, as opposed to those of a certain message. */
const PASSING: readonly number[] = [408, 425, 429];
const GONE = 410;

export type DeliveryOutcome = 'delivered' | 'failed' | 'given_up';

export interface DeliveriesOptions {
  webhooks: Pick<Webhooks, 'all' | 'change'>;
  queue: DeliveryQueue;
  send(message: Message): Promise<Attempt>;
  /** The key from which the endpoints' secrets are derived. */
  key: string;
  log: Logger;
  /** An endpoint was disabled, since it failed for too long. */
  onDisabled?(webhook: Webhook, reason: string): void;
  /** Default: the system's clock. */
  now?: () => number;
  /** How long to wait after this many failures, in milliseconds. */
  backOff?: (failures: number) => number;
}

/** What the server remembers about an endpoint while it runs. */
interface State {
  waiting: number;
  dropped: number;
  finished: number;
  /** No message is tried before this time. */
  pausedUntilMs: number;
  /** Failures in a row that were no refusals of a certain message. */
  failures: number;
  timer: NodeJS.Timeout | undefined;
  running: Promise<void> | undefined;
  /** Something changed while it was running. */
  again: boolean;
}

/**
 * Stores the events that endpoints want, and delivers them: at least once, to each endpoint one after the other and in order. An endpoint that
 * cannot be reached delays only itself; a message that is refused lets others pass.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #now: () => number;
  readonly #backOff: (failures: number) => number;
  readonly #states = new Map<string, State>();
  readonly #counts: Record<DeliveryOutcome | 'dropped', number> = {
    delivered: 0,
    failed: 0,
    given_up: 0,
    dropped: 0,
  };
  #unstored: Array<{ webhook: Webhook; row: WebhookDeliveryRow }> = [];
  #storing: Promise<void> | undefined;
  #storeTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#backOff = options.backOff ?? backOffMs;
  }

  /** Goes on with what was waiting when the server stopped. */
  async start(): Promise<void> {
    const waiting = await this.#options.queue.waiting();
    for (const webhook of this.#options.webhooks.all) {
      this.#stateOf(webhook).waiting = waiting.get(webhook.webhookId) ?? 0;
      this.#wake(webhook);
    }
  }

  /** Attempts and events since the start, by outcome. */
  get counts(): Readonly<Record<DeliveryOutcome | 'dropped', number>> {
    return this.#counts;
  }

  /** Messages that wait for all endpoints. */
  get waiting(): number {
    return [...this.#states.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** Messages that wait for an endpoint, and how many events were dropped since too many did. */
  loadOf(webhook: Webhook): { waiting: number; dropped: number } {
    const { waiting, dropped } = this.#stateOf(webhook);
    return { waiting, dropped };
  }

  /** Queues an event for every endpoint that wants it. Returns at once. */
  emit(type: WebhookEventType, data: object): void {
    for (const webhook of this.#options.webhooks.all) {
      if (!webhook.enabled || !webhook.events.includes(type)) {
        continue;
      }
      const state = this.#stateOf(webhook);
      if (state.waiting >= MAX_WAITING || this.#unstored.length >= MAX_UNSTORED) {
        state.dropped += 1;
        this.#counts.dropped += 1;
        continue;
      }
      webhook.lastSeq += 1;
      state.waiting += 1;
      this.#unstored.push({ webhook, row: this.#rowOf(webhook, type, data, webhook.lastSeq) });
    }
    if (this.#unstored.length > 0) {
      void this.store();
    }
  }

  /** Sends a test to an endpoint, also if it is disabled. Returns how that went. */
  async ping(webhook: Webhook): Promise<Attempt & { messageId: string }> {
    const row = this.#rowOf(webhook, PING, {}, null);
    const attempt = await this.#send(webhook, row);
    const succeeded = attempt.error === undefined;
    this.#counts[succeeded ? 'delivered' : 'failed'] += 1;
    await this.#options.queue.add(
      [{ ...row, status: succeeded ? 'delivered' : 'failed', body: '' }],
      new Map(),
    );
    await this.#options.queue.attempted(row, attempt, succeeded ? 'delivered' : 'failed');
    await this.#options.queue.prune(webhook.webhookId, MAX_FINISHED);
    return { messageId: row.message_id, ...attempt };
  }

  /** Tries everything that waits for an endpoint now, since it was changed. */
  async hurry(webhook: Webhook): Promise<void> {
    await this.#options.queue.hurry(webhook.webhookId, this.#now());
    const state = this.#stateOf(webhook);
    state.pausedUntilMs = 0;
    state.failures = 0;
    this.#wake(webhook);
  }

  /** Delivers what is due to an endpoint. */
  #wake(webhook: Webhook): void {
    const state = this.#stateOf(webhook);
    state.again = true;
    clearTimeout(state.timer);
    state.timer = undefined;
    state.running ??= this.#run(webhook, state).finally(() => {
      state.running = undefined;
      if (state.again && !this.#closed) {
        this.#wake(webhook);
      }
    });
  }

  /** Gives up everything that waits for an endpoint. */
  async giveUp(webhook: Webhook, reason: string): Promise<void> {
    await this.store();
    this.#counts.given_up += await this.#options.queue.giveUp(webhook.webhookId, reason);
    this.#stateOf(webhook).waiting = 0;
  }

  /** Forgets an endpoint that was deleted. */
  forget({ webhookId }: Webhook): void {
    clearTimeout(this.#states.get(webhookId)?.timer);
    this.#states.delete(webhookId);
    this.#unstored = this.#unstored.filter(({ webhook }) => webhook.webhookId !== webhookId);
  }

  /** Stores what is not stored yet. Never rejects. */
  store(): Promise<void> {
    this.#storing ??= this.#store().finally(() => {
      this.#storing = undefined;
    });
    return this.#storing;
  }

  /** Stops. What waits is delivered after the next start. Attempts in progress must have been ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#storeTimer);
    for (const { timer } of this.#states.values()) {
      clearTimeout(timer);
    }
    await Promise.all([...this.#states.values()].map(({ running }) => running));
    await this.store();
  }

  async #store(): Promise<void> {
    // Events that happen together are stored together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#unstored.length > 0) {
      const batch = this.#unstored.splice(0, 500);
      const webhooks = new Map(batch.map(({ webhook }) => [webhook.webhookId, webhook]));
      const lastSeqs = new Map([...webhooks].map(([id, { lastSeq }]) => [id, lastSeq]));
      try {
        await this.#options.queue.add(
          batch.map(({ row }) => row),
          lastSeqs,
        );
      } catch (error) {
        this.#options.log.warn({ err: error }, 'cannot store events for webhooks; trying again');
        const known = new Set(this.#options.webhooks.all);
        this.#unstored.unshift(...batch.filter(({ webhook }) => known.has(webhook)));
        if (!this.#closed) {
          this.#storeTimer = setTimeout(() => void this.store(), STORE_RETRY_MS).unref();
        }
        return;
      }
      if (!this.#closed) {
        for (const webhook of webhooks.values()) {
          this.#wake(webhook);
        }
      }
    }
  }

  async #run(webhook: Webhook, state: State): Promise<void> {
    try {
      while (!this.#closed && webhook.enabled && this.#states.has(webhook.webhookId)) {
        const nowMs = this.#now();
        state.again = false;
        if (state.pausedUntilMs > nowMs) {
          this.#wakeAt(webhook, state, state.pausedUntilMs);
          return;
        }
        const next = await this.#options.queue.next(webhook.webhookId, nowMs);
        if (typeof next !== 'object') {
          if (next !== undefined) {
            this.#wakeAt(webhook, state, next);
          }
          return;
        }
        await this.#attempt(webhook, state, next);
      }
      state.again = false;
    } catch (error) {
      this.#options.log.warn({ err: error, webhook: webhook.name }, 'cannot read the queue of a webhook');
      state.again = false;
      this.#wakeAt(webhook, state, this.#now() + STORE_RETRY_MS);
    }
  }

  #wakeAt(webhook: Webhook, state: State, timeMs: number): void {
    if (!this.#closed) {
      const delayMs = Math.min(Math.max(0, timeMs - this.#now()), MAX_TIMER_MS);
      clearTimeout(state.timer);
      state.timer = setTimeout(() => this.#wake(webhook), delayMs).unref();
    }
  }

  async #attempt(webhook: Webhook, state: State, row: WebhookDeliveryRow): Promise<void> {
    const { queue, webhooks } = this.#options;
    const attempt = await this.#send(webhook, row);
    if (this.#closed && attempt.status === undefined) {
      // It was interrupted, and is tried again after the next start.
      return;
    }
    const nowMs = this.#now();
    const { status = 0, error } = attempt;
    if (error === undefined) {
      state.failures = 0;
      await queue.attempted(row, attempt, 'delivered');
      await this.#finished(webhook, state, 'delivered');
      if (webhook.failingSinceMs !== null) {
        await webhooks.change(webhook, { failingSinceMs: null });
      }
      return;
    }
    this.#counts.failed += 1;
    const attempts = row.attempts + 1;
    const nextAttemptMs = nowMs + this.#backOff(attempts);
    const isOver = nextAttemptMs > row.created_at_ms + PATIENCE_MS;
    await queue.attempted(row, attempt, isOver ? 'failed' : { nextAttemptMs });
    if (isOver) {
      await this.#finished(webhook, state, 'given_up');
    }
    if (webhook.failingSinceMs === null) {
      await webhooks.change(webhook, { failingSinceMs: nowMs });
    }
    if (status === GONE) {
      await this.#disable(webhook, 'the target answered 410 (Gone)');
    } else if (nowMs - (webhook.failingSinceMs ?? nowMs) >= PATIENCE_MS) {
      await this.#disable(
        webhook,
        `it failed for a day; last: ${status > 0 ? `HTTP ${status}, ` : ''}${error}`,
      );
    } else if (status < 400 || status >= 500 || PASSING.includes(status)) {
      state.failures += 1;
      state.pausedUntilMs = nowMs + this.#backOff(state.failures);
    }
  }

  async #finished(webhook: Webhook, state: State, outcome: DeliveryOutcome): Promise<void> {
    this.#counts[outcome] += 1;
    state.waiting = Math.max(0, state.waiting - 1);
    state.finished += 1;
    if (state.finished % PRUNE_EVERY === 0) {
      await this.#options.queue.prune(webhook.webhookId, MAX_FINISHED);
    }
  }

  async #disable(webhook: Webhook, reason: string): Promise<void> {
    await this.#options.webhooks.change(webhook, { enabled: false, disabledReason: reason });
    await this.giveUp(webhook, 'the webhook was disabled');
    this.#options.log.warn({ webhook: webhook.name, reason }, 'webhook disabled');
    this.#options.onDisabled?.(webhook, reason);
  }

  #send({ webhookId, url }: Webhook, { message_id: messageId, body }: WebhookDeliveryRow): Promise<Attempt> {
    const secret = secretOf(this.#options.key, webhookId);
    const headers = signedHeaders(secret, { messageId, body, nowMs: Date.now() });
    return this.#options.send({ url, headers, body });
  }

  #rowOf({ webhookId }: Webhook, type: string, data: object, seq: number | null): WebhookDeliveryRow {
    const nowMs = this.#now();
    const messageId = `msg_${randomUUID().replaceAll('-', '')}`;
    const timestamp = new Date(nowMs).toISOString();
    const body = { id: messageId, type, version: BODY_VERSION, timestamp, sequence: seq, data };
    return {
      message_id: messageId,
      webhook_id: webhookId,
      seq,
      type,
      body: JSON.stringify(body),
      created_at_ms: nowMs,
      status: 'waiting',
      attempts: 0,
      next_attempt_ms: nowMs,
      last_status: null,
      last_error: null,
      last_took_ms: null,
    };
  }

  #stateOf({ webhookId }: Webhook): State {
    let state = this.#states.get(webhookId);
    if (!state) {
      state = {
        waiting: 0,
        dropped: 0,
        finished: 0,
        pausedUntilMs: 0,
        failures: 0,
        timer: undefined,
        running: undefined,
        again: false,
      };
      this.#states.set(webhookId, state);
    }
    return state;
  }
}
