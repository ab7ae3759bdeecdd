import { signal } from '@preact/signals';
import type { Room, WaitingPerson } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Notices } from '../basics/notices.ts';

const NOTICE = 'waiting';

/** The people who wait to be let into a call, and a notice about them. */
export class Waiting {
  readonly people = signal<readonly WaitingPerson[]>([]);
  readonly #room: Room;
  readonly #notices: Notices;
  readonly #view: () => void;
  readonly #stop: () => void;
  /** Who the present notice was about, so that a dismissed one returns only for someone new. */
  #announced: readonly string[] = [];

  /** @param view shows the list */
  constructor(room: Room, notices: Notices, view: () => void) {
    this.#room = room;
    this.#notices = notices;
    this.#view = view;
    this.#stop = room.lobby.on('changed', (people) => this.#update(people));
    this.#update(room.lobby.people);
  }

  async admit(waitIds: readonly string[]): Promise<void> {
    await this.#notices.attempt(() => this.#room.lobby.admit(waitIds));
  }

  /** Turns people away for five minutes. */
  async deny(waitIds: readonly string[]): Promise<void> {
    await this.#notices.attempt(() => this.#room.lobby.deny(waitIds));
  }

  close(): void {
    this.#stop();
    this.#notices.release(NOTICE);
  }

  #update(people: readonly WaitingPerson[]): void {
    this.people.value = people;
    const [first] = people;
    const ids = people.map(({ waitId }) => waitId);
    const isSomeoneNew = ids.some((id) => !this.#announced.includes(id));
    const isShown = this.#notices.isKept(NOTICE);
    this.#announced = ids;
    if (!first) {
      this.#notices.release(NOTICE);
    } else if (isSomeoneNew || isShown) {
      const { waiting } = strings.value;
      const action =
        people.length === 1
          ? { label: waiting.admit, run: () => void this.admit([first.waitId]) }
          : { label: waiting.view, run: this.#view };
      const text = waiting.notice(people.map(({ displayName }) => displayName));
      this.#notices.keep(NOTICE, text, action);
    }
  }
}
