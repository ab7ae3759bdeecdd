import { signal } from '@preact/signals';

/** How much video to receive: as the network allows, at low quality, or none. */
export type DataUse = 'full' | 'low' | 'audio';
export const DATA_USES: readonly DataUse[] = ['full', 'low', 'audio'];

/** What the user has chosen for all calls on this device, apart from devices. */
export interface Preferences {
  /** Show one's own video as in a mirror. */
  mirror: boolean;
  /** Sounds when people join, leave or raise a hand. */
  sounds: boolean;
  /** Holding the space bar while muted sends sound. */
  pushToTalk: boolean;
  dataUse: DataUse;
}

const STORAGE_KEY = 'canopy.preferences';
const DEFAULTS: Preferences = {
  mirror: true,
  sounds: true,
  pushToTalk: true,
  dataUse: 'full',
};

/** The user's preferences, remembered between visits. */
export const preferences = signal<Preferences>(read());

export function setPreferences(changes: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...changes };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(preferences.value));
  } catch {
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
}

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') };
  } catch {
    return DEFAULTS;
  }
}
