import { signal } from '@preact/signals';
import type { Participant } from '../../../sdk/index.ts';

/** Volumes range from 0, silent, over 1, as sent, to this. */
export const MAX_VOLUME = 2;
const STORAGE_KEY = 'canopy.volumes';

type Person = Pick<Participant, 'accountId' | 'displayName' | 'kind'>;

/** How loud each person is on this device, remembered until the tab closes. */
export class Volumes {
  readonly #byKey = signal<Readonly<Record<string, number>>>(read());

  of(person: Person): number {
    return this.#byKey.value[keyOf(person)] ?? 1;
  }

  set(person: Person, volume: number): void {
    const { [keyOf(person)]: _before, ...others } = this.#byKey.value;
    const clamped = Math.max(0, Math.min(MAX_VOLUME, volume));
    this.#byKey.value = clamped === 1 ? others : { ...others, [keyOf(person)]: clamped };
    try {
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify(this.#byKey.value));
    } catch {
      // Storage may be full or blocked; the volume then lasts until the page is reloaded.
    }
  }
}

/** All phones of a gateway share its account. */
function keyOf({ accountId, displayName, kind }: Person): string {
  return kind === 'phone' ? `phone ${displayName}` : accountId;
}

function read(): Record<string, number> {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '{}');
  } catch {
    return {};
  }
}
