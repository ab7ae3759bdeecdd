import type { Page } from 'playwright-core';
import { type Seen, seen } from './watch.ts';

/** How long pictures may take on a busy machine. */
const PATIENCE_MS = 60_000;
/** How long the page is observed after the last picture. */
const SETTLE_MS = 1000;

/** One join from a freshly loaded lobby, in milliseconds after the click. */
export interface Join {
  firstPictureMs: number;
  lastPictureMs: number;
  /** The page's long tasks since the click: how many, and their total time. */
  longTasks: number;
  longTasksMs: number;
  longestTaskMs: number;
  /** Sum of all layout shifts since the click; unlike the web's CLS, those right after a click count too. */
  shift: number;
  moved: string[];
}

/** Reloads the lobby, joins, and waits for the pictures of `people` others. The page stays in the room. */
export async function join(page: Page, people: number): Promise<Join> {
  await page.reload();
  await page.locator('[data-testid=preview] video').waitFor();
  await page.locator('[data-testid=identity-verified]').waitFor();
  await page.getByTestId('join').click();
  await page.waitForFunction(
    (people) => Object.keys((window as unknown as { seen: Seen }).seen.picturesAtMs).length >= people,
    people,
    { timeout: PATIENCE_MS },
  );
  await page.waitForTimeout(SETTLE_MS);
  const { clickedAtMs = Number.NaN, picturesAtMs, shifts, longTasks } = await seen(page);
  const pictures = Object.values(picturesAtMs).map((atMs) => atMs - clickedAtMs);
  const since = <T extends { atMs: number }>(all: readonly T[]) =>
    all.filter(({ atMs }) => atMs >= clickedAtMs);
  const tasks = since(longTasks).map(({ durationMs }) => durationMs);
  return {
    firstPictureMs: Math.min(...pictures),
    lastPictureMs: Math.max(...pictures),
    longTasks: tasks.length,
    longTasksMs: tasks.reduce((sum, each) => sum + each, 0),
    longestTaskMs: Math.max(0, ...tasks),
    shift: since(shifts).reduce((sum, { value }) => sum + value, 0),
    moved: since(shifts).flatMap(({ moved }) => moved),
  };
}

/** Leaves the room. The page is in the lobby then. */
export async function leave(page: Page): Promise<void> {
  await page.getByTestId('leave').click();
  await page.getByTestId('join').waitFor();
}
