import type { LayoutTile } from '../../../sdk/index.ts';

type ShownVideo = Pick<LayoutTile, 'participantId' | 'source' | 'pinned'>;

interface Shown {
  video: ShownVideo;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** Whether any part of it is inside the window. */
  visible: boolean;
}

/** Delay before a report, in milliseconds: a tile that moves is removed and added again, which is no change. */
const SETTLE_MS = 50;

/** Reports which videos the user can see, and at what size; none while the page is in the background. */
export class ScreenLayout {
  readonly #report: (tiles: LayoutTile[]) => void;
  readonly #shown = new Map<Element, Shown>();
  /** Videos shown outside the page. */
  readonly #outside = new Set<Shown>();
  readonly #sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const tile = this.#shown.get(target);
      if (tile) {
        [tile.width, tile.height] = [contentRect.width, contentRect.height];
      }
    }
    this.#changed();
  });
  readonly #visibility = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#shown.get(target);
      if (tile) {
        tile.visible = isIntersecting;
      }
    }
    this.#changed();
  });
  readonly #listener = () => this.#changed();
  /** Whether a tile was ever reported. Until then nothing can have moved, and the user waits for the first video. */
  #hasReported = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(report: (tiles: LayoutTile[]) => void) {
    this.#report = report;
    document.addEventListener('visibilitychange', this.#listener);
    // Zooming or moving to another monitor changes the size in device pixels.
    addEventListener('resize', this.#listener);
  }

  /** Starts observing a tile. Returns a function that stops it. */
  observe(element: Element, video: ShownVideo): () => void {
    this.#shown.set(element, { video, width: 0, height: 0, visible: false });
    this.#sizes.observe(element);
    this.#visibility.observe(element);
    return () => {
      this.#shown.delete(element);
      this.#sizes.unobserve(element);
      this.#visibility.unobserve(element);
      this.#changed();
    };
  }

  /** Reports again, since what is reported has changed. */
  refresh(): void {
    this.#changed();
  }

  /** Reports a video that is shown outside the page, even while the page is in the background. Returns a function that ends it. */
  keep(video: ShownVideo, { width, height }: { width: number; height: number }): () => void {
    const shown = { video, width, height, visible: true };
    this.#outside.add(shown);
    this.#changed();
    return () => {
      this.#outside.delete(shown);
      this.#changed();
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#listener);
    removeEventListener('resize', this.#listener);
    this.#sizes.disconnect();
    this.#visibility.disconnect();
  }

  #changed(): void {
    const delayMs = this.#hasReported ? SETTLE_MS : 0;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const inPage = document.hidden ? [] : [...this.#shown.values()].filter(({ visible }) => visible);
      const shown = [...inPage, ...this.#outside];
      this.#hasReported ||= shown.length > 0;
      this.#report(
        shown.map(({ video, width, height }) => ({
          ...video,
          width: width * devicePixelRatio,
          height: height * devicePixelRatio,
        })),
      );
    }, delayMs);
  }
}
