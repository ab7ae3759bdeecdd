import { signal } from '@preact/signals';
import type { Client, KeptRecordings, RecentRecording } from '../../../sdk/index.ts';
import { whileVisible } from '../basics/while-visible.ts';

/** How many are shown at first, and added by “Show more”. */
const PAGE = 4;
/** How many are shown at most; older ones are listed in their rooms. */
const MAX = 50;
/** How often they are reloaded while the page is visible, in milliseconds. */
const RELOAD_MS = 30_000;

/** The latest recordings that this person may see, for the home page. */
export class RecentRecordings {
  readonly list = signal<ReadonlyArray<{ recording: RecentRecording; source: KeptRecordings }>>([]);
  readonly hasMore = signal(false);
  readonly #connect: () => Promise<Client>;
  #shown = PAGE;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Loads them, and again now and then. Returns a function that stops it. */
  start(): () => void {
    return whileVisible(() => void this.load(), RELOAD_MS);
  }

  /** Never rejects: what was loaded before stays. */
  async load(): Promise<void> {
    try {
      const client = await this.#connect();
      const { recordings, more } = await client.recentRecordings({ limit: this.#shown });
      this.list.value = await Promise.all(
        recordings.map(async (recording) => ({
          recording,
          source: await client.recordings(recording.roomId),
        })),
      );
      this.hasMore.value = more && this.#shown < MAX;
    } catch (error) {
      // The lists of rooms on the same page say that the server cannot be reached.
      console.warn(error);
    }
  }

  async showMore(): Promise<void> {
    this.#shown = Math.min(MAX, this.#shown + 3 * PAGE);
    await this.load();
  }
}
