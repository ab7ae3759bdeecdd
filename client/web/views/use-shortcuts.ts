import { useEffect } from 'preact/hooks';

/** Calls a function for a key pressed alone, except while something is typed. */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : undefined;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (target?.closest('input, textarea, select, dialog')) return;
      shortcuts[event.key.toLowerCase()]?.();
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  });
}
