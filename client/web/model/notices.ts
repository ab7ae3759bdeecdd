import { signal } from '@preact/signals';
import type { CanopyError } from '../../sdk/index.ts';
import { errorSentence } from '../strings/index.ts';

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
}

/** How long a notice stays, in milliseconds. */
const NOTICE_MS = 8000;

/** Short messages that disappear after a while. */
export class Notices {
  readonly list = signal<Notice[]>([]);
  #nextId = 1;

  say(text: string): void {
    this.#add(text, false);
  }

  warn(text: string): void {
    this.#add(text, true);
  }

  error(error: CanopyError): void {
    this.warn(errorSentence(error));
  }

  dismiss(id: number): void {
    this.list.value = this.list.value.filter((notice) => notice.id !== id);
  }

  #add(text: string, isError: boolean): void {
    const notice = { id: this.#nextId++, text, isError };
    // A repeated notice restarts its display time.
    const others = this.list.value.filter((each) => each.text !== text);
    this.list.value = [...others.slice(-2), notice];
    setTimeout(() => this.dismiss(notice.id), NOTICE_MS);
  }
}
