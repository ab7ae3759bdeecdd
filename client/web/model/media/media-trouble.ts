import { signal } from '@preact/signals';
import type { MediaEndpoint, Room } from '../../../sdk/index.ts';

/** A connectivity problem of audio and video. */
export interface Trouble {
  sending: boolean;
  receiving: boolean;
  /** It has lasted so long that waiting is pointless. */
  lasts: boolean;
  endpoints: readonly MediaEndpoint[];
}

/** When a problem counts as lasting, in milliseconds after it was noticed. */
const LASTS_MS = 15_000;

/** Watches whether a room's media gets through. */
export class MediaTrouble {
  readonly current = signal<Trouble | undefined>(undefined);
  readonly #room: Room;
  readonly #off: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(room: Room) {
    this.#room = room;
    this.#off = room.on('media', () => this.#update());
    this.#update();
  }

  close(): void {
    this.#off();
    clearTimeout(this.#timer);
  }

  #update(): void {
    const { send, recv } = this.#room.media;
    const [sending, receiving] = [send.state === 'failed', recv.state === 'failed'];
    if (!sending && !receiving) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.current.value = undefined;
      return;
    }
    const endpoints = sending ? send.endpoints : recv.endpoints;
    this.current.value = { sending, receiving, endpoints, lasts: this.current.value?.lasts ?? false };
    this.#timer ??= setTimeout(() => {
      if (this.current.value) {
        this.current.value = { ...this.current.value, lasts: true };
      }
    }, LASTS_MS);
  }
}
