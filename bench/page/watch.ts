import type { Page } from 'playwright-core';

/** A layout shift on the page. */
interface Shift {
  atMs: number;
  /** Its score: the share of the window that moved, times how far. */
  value: number;
  /** Whether something other than tiles moved. */
  beyondTiles: boolean;
  /** What moved, for finding the cause. */
  moved: string[];
}

interface LongTask {
  atMs: number;
  durationMs: number;
}

/** What a page has seen of itself, in its own clock. */
export interface Seen {
  nowMs: number;
  /** When the button to join was clicked last. */
  clickedAtMs: number | undefined;
  /** When the first frame of each person's camera was shown, by participant id. */
  picturesAtMs: Record<string, number>;
  shifts: Shift[];
  longTasks: LongTask[];
}

interface LayoutShift extends PerformanceEntry {
  value: number;
  sources: Array<{ node: Node | null }>;
}

declare const window: { seen: Seen };

/** Lets a page watch itself from its next load on. */
export async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: Seen = { nowMs: 0, clickedAtMs: undefined, picturesAtMs: {}, shifts: [], longTasks: [] };
    window.seen = seen;
    addEventListener(
      'click',
      ({ target, timeStamp }) => {
        if (target instanceof Element && target.closest('[data-testid=join]')) {
          seen.clickedAtMs = timeStamp;
        }
      },
      true,
    );
    const known = new WeakSet<HTMLVideoElement>();
    new MutationObserver(() => {
      for (const video of document.querySelectorAll<HTMLVideoElement>('[data-self=false] video')) {
        const person = video.closest<HTMLElement>('[data-testid=tile]')?.dataset.participantId;
        if (person !== undefined && !known.has(video)) {
          known.add(video);
          video.requestVideoFrameCallback(() => {
            seen.picturesAtMs[person] ??= performance.now();
          });
        }
      }
    }).observe(document, { childList: true, subtree: true });
    const nameOf = (node: Node | null) =>
      node instanceof Element ? `${node.localName}.${node.className}` : (node?.nodeName ?? 'removed');
    new PerformanceObserver((list) => {
      for (const { startTime, value, sources } of list.getEntries() as LayoutShift[]) {
        const beyond = sources.filter(
          ({ node }) =>
            !(node instanceof Element ? node : node?.parentElement)?.closest('[data-testid=tile]'),
        );
        seen.shifts.push({
          atMs: startTime,
          value,
          beyondTiles: beyond.length > 0,
          moved: sources.map(({ node }) => nameOf(node)),
        });
      }
    }).observe({ type: 'layout-shift', buffered: true });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        seen.longTasks.push({ atMs: startTime, durationMs: duration });
      }
    }).observe({ type: 'longtask', buffered: true });
  });
}

/** What it has seen until now. */
export function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => ({ ...window.seen, nowMs: performance.now() }));
}
