import { signal } from '@preact/signals';
import { CanopyError } from '../../../sdk/index.ts';
import { errorSentence } from '../../strings/index.ts';

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
  /** What the user can do about it. */
  action?: NoticeAction | undefined;
}

export interface NoticeAction {
  label: string;
  run(): void;
}

/** How long a notice stays, in milliseconds. */
const NOTICE_MS = 8000;
/** … and one with an action. */
const ACTION_MS = 20_000;

/** Short messages that disappear after a while. Its methods may be called in effects, which then do not depend on the list. */
export class Notices {
  readonly list = signal<Notice[]>([]);
  #nextId = 1;
  /** Ids of the notices that keep() shows, by key. */
  readonly #kept = new Map<string, number>();

  say(text: string): void {
    this.#add(text, false);
  }

  warn(text: string): void {
    this.#add(text, true);
  }

  error(error: CanopyError): void {
    this.warn(errorSentence(error));
  }

  /** Does something, and reports a failure. Returns whether it succeeded; never rejects. */
  async attempt(act: () => unknown): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.error(CanopyError.from(error));
      return false;
    }
  }

  /** Offers an action for as long as a notice stays. */
  offer(text: string, action: NoticeAction): void {
    this.#add(text, false, action);
  }

  /** Shows a notice until the same key is released, or gets another text. */
  keep(key: string, text: string, action?: NoticeAction): void {
    const before = this.#kept.get(key);
    const notice = { id: before ?? this.#nextId++, text, isError: false, action };
    this.#kept.set(key, notice.id);
    const isShown = this.list.peek().some(({ id }) => id === before);
    this.list.value = isShown
      ? this.list.peek().map((each) => (each.id === before ? notice : each))
      : [...this.list.peek(), notice];
  }

  /** Whether keep() shows a notice for this key that the user has not dismissed. */
  isKept(key: string): boolean {
    return this.list.value.some(({ id }) => id === this.#kept.get(key));
  }

  release(key: string): void {
    const id = this.#kept.get(key);
    this.#kept.delete(key);
    if (id !== undefined) {
      this.dismiss(id);
    }
  }

  /** What was said in a call means nothing outside it. */
  clear(): void {
    this.list.value = [];
    this.#kept.clear();
  }

  dismiss(id: number): void {
    this.list.value = this.list.peek().filter((notice) => notice.id !== id);
  }

  #add(text: string, isError: boolean, action?: NoticeAction): void {
    const notice = { id: this.#nextId++, text, isError, action };
    // A repeated notice restarts its display time.
    const others = this.list.peek().filter((each) => each.text !== text);
    const kept = new Set(this.#kept.values());
    const passing = others.filter(({ id }) => !kept.has(id)).slice(-2);
    this.list.value = [...others.filter(({ id }) => kept.has(id)), ...passing, notice];
    setTimeout(() => this.dismiss(notice.id), action ? ACTION_MS : NOTICE_MS);
  }
}
