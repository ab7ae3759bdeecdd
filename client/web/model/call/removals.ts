import { signal } from '@preact/signals';
import type { Participant, Room } from '../../../sdk/index.ts';

/** A person removed from the room who cannot come back yet. */
export type Removed = Pick<Participant, 'accountId' | 'displayName'>;

/** How long the server keeps a removed person out, in milliseconds. */
const REMOVED_MS = 300_000;

/** People removed while this page was in the room. */
export class Removals {
  readonly list = signal<readonly Removed[]>([]);
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stop: ReadonlyArray<() => void>;

  constructor(room: Room) {
    this.#stop = [
      room.on('participant-left', ({ accountId, displayName, kind, role }, reason) => {
        // Phones may call again, and admins may rejoin.
        if (reason !== 'kicked' || kind === 'phone' || role === 'admin') {
          return;
        }
        this.drop(accountId);
        this.list.value = [...this.list.value, { accountId, displayName }];
        this.#timers.set(
          accountId,
          setTimeout(() => this.drop(accountId), REMOVED_MS),
        );
      }),
      room.on('participant-joined', ({ accountId }) => this.drop(accountId)),
    ];
  }

  /** Removes an account from the list, since it may join again. */
  drop(accountId: string): void {
    clearTimeout(this.#timers.get(accountId));
    this.#timers.delete(accountId);
    this.list.value = this.list.value.filter((each) => each.accountId !== accountId);
  }

  close(): void {
    for (const stop of this.#stop) {
      stop();
    }
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
  }
}
