import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = 'canopy.theme';

/** The chosen theme. */
export const theme = signal<Theme>(storedTheme());

// The colours in base.css follow color-scheme.
effect(() => {
  const { style } = document.documentElement;
  style.colorScheme = theme.value === 'system' ? '' : theme.value;
});

/** Changes the theme and remembers it for later visits. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    localStorage.setItem(STORAGE_KEY, chosen);
  } catch {
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return THEMES.find((each) => each === stored) ?? 'system';
  } catch {
    return 'system';
  }
}
