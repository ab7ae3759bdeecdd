import { signal } from '@preact/signals';
import type { SelfView } from './seating.ts';

const CORNERS = ['bottom-end', 'bottom-start', 'top-start', 'top-end'] as const;
/** A corner of the stage. */
export type Corner = (typeof CORNERS)[number];

/** Where this user's own camera can be shown. */
export const SELF_VIEWS: readonly SelfView[] = ['auto', 'floating', 'tile', 'hidden'];
const STORAGE_KEY = 'canopy.self-view';

interface Stored {
  view?: SelfView;
  corner?: Corner;
}

const stored = read();

/** Where this user's own camera is shown. */
export const selfView = signal<SelfView>(SELF_VIEWS.find((each) => each === stored.view) ?? 'auto');
/** The corner in which it floats. */
export const selfCorner = signal<Corner>(CORNERS.find((each) => each === stored.corner) ?? 'bottom-end');

/** Changes where this user's own camera is shown, and remembers it for later visits. */
export function setSelfView(view: SelfView): void {
  selfView.value = view;
  write();
}

/** Moves this user's floating camera to a corner, by default the next one. */
export function moveSelf(
  corner: Corner | undefined = CORNERS[(CORNERS.indexOf(selfCorner.value) + 1) % 4],
): void {
  if (corner) {
    selfCorner.value = corner;
    write();
  }
}

function read(): Stored {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as Stored;
  } catch {
    return {};
  }
}

function write(): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ view: selfView.value, corner: selfCorner.value }));
  } catch {
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
}
