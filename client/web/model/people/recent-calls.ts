import { effect, signal } from '@preact/signals';
import { CanopyError, type Client, type RecentCall } from '../../../sdk/index.ts';
import type { DirectCallsModel } from './direct-calls.ts';

/** How many calls are shown at first, and added by “Show more”. */
const PAGE = 6;
/** How long missed calls must be on the screen to count as seen, in milliseconds. */
const LOOK_MS = 2000;

/** The list of recent calls on the home page. */
export class RecentCalls {
  readonly calls = signal<readonly RecentCall[] | undefined>(undefined);
  readonly hasMore = signal(false);
  readonly search = signal('');
  readonly onlyMissed = signal(false);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;
  readonly #model: DirectCallsModel;
  #shown = PAGE;
  #looking: ReturnType<typeof setTimeout> | undefined;
  /** Counts loads, so that a superseded one changes nothing. */
  #loads = 0;

  constructor(connect: () => Promise<Client>, model: DirectCallsModel) {
    this.#connect = connect;
    this.#model = model;
  }

  /** Loads the list, and again whenever it changes. Returns a function that stops it. */
  start(): () => void {
    const look = () => this.#look();
    document.addEventListener('visibilitychange', look);
    const stop = effect(() => {
      this.#model.listVersion.value;
      this.search.value;
      this.onlyMissed.value;
      void this.#load();
    });
    return () => {
      stop();
      clearTimeout(this.#looking);
      document.removeEventListener('visibilitychange', look);
    };
  }

  showMore(): void {
    this.#shown += 2 * PAGE;
    void this.#load();
  }

  /** Deletes calls from the list: these, or all. */
  async forget(callIds?: readonly string[]): Promise<void> {
    await this.#try(async (client) => client.calls.forget(callIds));
  }

  /** Bars somebody from calling. Returns whether that worked. */
  async block(accountId: string): Promise<boolean> {
    return this.#try(async (client) => client.calls.block(accountId));
  }

  async #load(): Promise<void> {
    this.#loads += 1;
    const load = this.#loads;
    const [search, missedOnly] = [this.search.peek(), this.onlyMissed.peek()];
    await this.#try(async (client) => {
      const limit = Math.min(this.#shown, 99);
      const calls = await client.calls.recent({ limit: limit + 1, search, missedOnly });
      if (load === this.#loads) {
        this.calls.value = calls.slice(0, limit);
        this.hasMore.value = calls.length > limit;
        this.#look();
      }
    });
  }

  /** Missed calls that have been on the screen for a moment are no news any more, on any device. */
  #look(): void {
    clearTimeout(this.#looking);
    if (document.hidden || this.#model.missed.peek() === 0) {
      return;
    }
    const untilMs = Math.max(0, ...(this.calls.peek() ?? []).map(({ startedAtMs }) => startedAtMs));
    this.#looking = setTimeout(() => {
      void this.#try(async (client) => client.calls.see(untilMs));
    }, LOOK_MS);
  }

  async #try(act: (client: Client) => Promise<void>): Promise<boolean> {
    try {
      await act(await this.#connect());
      this.problem.value = undefined;
      return true;
    } catch (error) {
      this.problem.value = CanopyError.from(error);
      return false;
    }
  }
}
