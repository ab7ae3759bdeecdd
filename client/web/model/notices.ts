import { signal } from '@preact/signals';
import type { CanopyError } from '../../sdk/index.ts';

export interface Notice {
  id: number;
  text: string;
  isError: boolean;
}

/** How long a notice stays, in milliseconds. */
const NOTICE_MS = 8000;

/** Short messages that go away by themselves. */
export class Notices {
  readonly list = signal<Notice[]>([]);
  #nextId = 1;

  say(text: string): void {
    this.#add(text, false);
  }

  error(error: CanopyError): void {
    this.#add(error.message, true);
  }

  dismiss(id: number): void {
    this.list.value = this.list.value.filter((notice) => notice.id !== id);
  }

  #add(text: string, isError: boolean): void {
    if (this.list.value.some((notice) => notice.text === text)) return;
    const notice = { id: this.#nextId++, text, isError };
    this.list.value = [...this.list.value.slice(-2), notice];
    setTimeout(() => this.dismiss(notice.id), NOTICE_MS);
  }
}
