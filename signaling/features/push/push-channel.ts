import { LRUCache } from 'lru-cache';
import webPush from 'web-push';
import type { Logger } from '../../../base/index.ts';
import { type AwayChannel, type AwayNotice, type Sender, TokenBucket } from '../../kernel/index.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';
import type { VapidKeys } from './vapid-keys.ts';

/** Messages on their way at a time, of one account and of all; a push service that does not answer holds one for ten seconds. */
const MAX_UNDERWAY_OF_ACCOUNT = 20;
const MAX_UNDERWAY = 200;
/** Of how many mentions one account is notified, at once and per second after that: others decide how often they mention someone. */
const MENTIONS = { perSecond: 1 / 30, burst: 10 };
const MAX_REMEMBERED = 10_000;
/** Answers of a push service that mean that the subscription is gone (RFC 8030 §7.3). */
const GONE: readonly number[] = [404, 410];

export interface PushChannelOptions {
  subscriptions: Subscriptions;
  sender: Sender;
  keys: VapidKeys;
  /** Whom push services may turn to: a `mailto:` or `https:` URL. */
  contact(): string;
  /** Whether a device may still sign in. */
  isAdmitted(deviceId: string, accountId: string): boolean;
  log: Logger;
}

/**
 * Notifies people of whom no page is open, by the push services of their browsers. A message is encrypted for the browser (RFC 8291): the
 * service learns when and how much, not what.
 */
export class PushChannel implements AwayChannel {
  readonly counts = { delivered: 0, failed: 0, gone: 0, dropped: 0 };
  readonly #options: PushChannelOptions;
  /** With the account. */
  readonly #underway = new Map<Promise<void>, string>();
  readonly #mentions = new LRUCache<string, TokenBucket>({ max: MAX_REMEMBERED });

  constructor(options: PushChannelOptions) {
    this.#options = options;
  }

  reaches(accountId: string): boolean {
    return this.#devices(accountId).length > 0;
  }

  notify(accountId: string, notice: AwayNotice): void {
    const devices = this.#devices(accountId);
    if (devices.length > 0 && notice.kind === 'mention' && !this.#mayMention(accountId)) {
      this.counts.dropped += devices.length;
      return;
    }
    let own = [...this.#underway.values()].filter((each) => each === accountId).length;
    for (const device of devices) {
      if (own >= MAX_UNDERWAY_OF_ACCOUNT || this.#underway.size >= MAX_UNDERWAY) {
        this.counts.dropped += 1;
        continue;
      }
      own += 1;
      const sending = this.#send(device, notice)
        .catch((error: unknown) => {
          this.counts.failed += 1;
          this.#options.log.warn({ err: error, deviceId: device.deviceId }, 'push message not sent');
        })
        .finally(() => this.#underway.delete(sending));
      this.#underway.set(sending, accountId);
    }
  }

  /** Ends what is underway. */
  async close(): Promise<void> {
    this.#options.sender.close();
    await Promise.all(this.#underway.keys());
  }

  #mayMention(accountId: string): boolean {
    const nowMs = performance.now();
    const bucket =
      this.#mentions.get(accountId) ?? new TokenBucket(MENTIONS.perSecond, MENTIONS.burst, nowMs);
    this.#mentions.set(accountId, bucket);
    return bucket.take(nowMs);
  }

  #devices(accountId: string): Subscription[] {
    const { subscriptions, isAdmitted } = this.#options;
    return subscriptions.of(accountId).filter(({ deviceId }) => isAdmitted(deviceId, accountId));
  }

  async #send(device: Subscription, notice: AwayNotice): Promise<void> {
    const { keys, contact, sender, subscriptions } = this.#options;
    const { lifetimeSeconds, topic, ...content } = notice;
    const { endpoint, headers, body } = webPush.generateRequestDetails(device, JSON.stringify(content), {
      vapidDetails: { subject: contact(), ...keys },
      TTL: lifetimeSeconds,
      topic,
      urgency: content.kind === 'call' ? 'high' : 'normal',
    });
    const { status, error } = await sender.send({
      url: endpoint,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body,
    });
    if (status !== undefined && GONE.includes(status)) {
      this.counts.gone += 1;
      await subscriptions.remove(device);
    } else if (error === undefined) {
      this.counts.delivered += 1;
    } else {
      throw new Error(status === undefined ? error : `${error} (HTTP ${status})`);
    }
  }
}
