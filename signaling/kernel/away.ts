/** Something that a person should learn although no page of theirs is open. */
export interface AwayNotice {
  kind: 'call' | 'missed-call' | 'mention';
  /** Name of the person whose doing it is. */
  from: string;
  /** The room that it is about. */
  roomId?: string;
  roomTitle?: string;
  /** How long it is worth delivering, in seconds. */
  lifetimeSeconds: number;
  /** A later notice with the same topic replaces this one. At most 32 characters of base64url (RFC 8030 §5.4). */
  topic?: string;
}

/** A way to reach people of whom no page is open. */
export interface AwayChannel {
  /** Whether it reaches at least one device of the account. */
  reaches(accountId: string): boolean;
  notify(accountId: string, notice: AwayNotice): void;
}

/** Reaches people of whom no page is open, by what features offer for it. */
export class Away implements AwayChannel {
  readonly #channels: AwayChannel[] = [];

  add(channel: AwayChannel): void {
    this.#channels.push(channel);
  }

  reaches(accountId: string): boolean {
    return this.#channels.some((channel) => channel.reaches(accountId));
  }

  notify(accountId: string, notice: AwayNotice): void {
    for (const channel of this.#channels) {
      channel.notify(accountId, notice);
    }
  }
}
