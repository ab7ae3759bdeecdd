import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const STORAGE_KEY = 'canopy.shortcuts';

/** Whether single-key shortcuts are on. Users of speech input may need to turn them off (WCAG 2.1.4). */
export const shortcutsOn = signal(readOn());

export function setShortcutsOn(on: boolean): void {
  shortcutsOn.value = on;
  try {
    localStorage.setItem(STORAGE_KEY, on ? 'on' : 'off');
  } catch {
    // Storage may be full or blocked; the setting then lasts for this visit.
  }
}

/** Registers single-key shortcuts, which are ignored while the user is typing. `?` works even if shortcuts are off. */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : undefined;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
        return;
      }
      if (target?.closest('input, textarea, select, dialog, [role=menu]')) {
        return;
      }
      if (!shortcutsOn.value && event.key !== '?') {
        return;
      }
      shortcuts[event.key.toLowerCase()]?.();
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  });
}

function readOn(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== 'off';
  } catch {
    return true;
  }
}
