import { signal } from '@preact/signals';
import { CanopyError, type Client, type RoomSummary } from '../../../sdk/index.ts';
import { whileVisible } from '../basics/while-visible.ts';

/** How many rooms of a list are shown at first, and added by “Show more”. */
const PAGE = 6;
/** How often the lists are reloaded while the page is visible, in milliseconds. */
const RELOAD_MS = 30_000;

/** A list of rooms, as far as it is shown. */
export interface RoomListState {
  rooms: readonly RoomSummary[];
  hasMore: boolean;
}

type ListName = 'upcoming' | 'mine' | 'recent';

/** The user's rooms on the home page: upcoming meetings, own rooms and recent ones. */
export class HomeRooms {
  readonly upcoming = signal<RoomListState | undefined>(undefined);
  readonly mine = signal<RoomListState | undefined>(undefined);
  readonly recent = signal<RoomListState | undefined>(undefined);
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #connect: () => Promise<Client>;
  readonly #shown: Record<ListName, number> = { upcoming: PAGE, mine: PAGE, recent: PAGE };

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** Loads the lists, and again now and then. Returns a function that stops it. */
  start(): () => void {
    return whileVisible(() => void this.load(), RELOAD_MS);
  }

  /** Loads all lists. Never rejects. */
  async load(): Promise<void> {
    try {
      const { rooms } = await this.#connect();
      const [upcoming, mine, recent] = await Promise.all([
        this.#page('upcoming', (limit) => rooms.upcoming({ limit })),
        this.#page('mine', (limit) => rooms.mine({ limit })),
        this.#page('recent', (limit) => rooms.recent({ limit })),
      ]);
      this.upcoming.value = upcoming;
      this.mine.value = mine;
      this.recent.value = recent;
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    }
  }

  async showMore(name: ListName): Promise<void> {
    this.#shown[name] += 2 * PAGE;
    await this.load();
  }

  async #page(name: ListName, list: (limit: number) => Promise<RoomSummary[]>): Promise<RoomListState> {
    const shown = Math.min(this.#shown[name], 99);
    const rooms = await list(shown + 1);
    return { rooms: rooms.slice(0, shown), hasMore: rooms.length > shown };
  }
}
