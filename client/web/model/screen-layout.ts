import type { LayoutTile } from '../../sdk/index.ts';

type Picture = Pick<LayoutTile, 'participantId' | 'source' | 'pinned'>;

interface Shown {
  picture: Picture;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** Whether any of it is in the window, and not scrolled away. */
  visible: boolean;
}

/** Tiles that move to another place leave the old one first; together that is no change. In milliseconds. */
const SETTLE_MS = 50;

/** What the person can see, and how large: of a page in the background nothing. */
export class ScreenLayout {
  readonly #report: (tiles: LayoutTile[]) => void;
  readonly #shown = new Map<Element, Shown>();
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
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(report: (tiles: LayoutTile[]) => void) {
    this.#report = report;
    document.addEventListener('visibilitychange', this.#listener);
    // Zooming changes the device pixels of a tile, and so does another monitor.
    addEventListener('resize', this.#listener);
  }

  /** Takes a tile into account until the function that is returned is called. */
  observe(element: Element, picture: Picture): () => void {
    this.#shown.set(element, { picture, width: 0, height: 0, visible: false });
    this.#sizes.observe(element);
    this.#visibility.observe(element);
    return () => {
      this.#shown.delete(element);
      this.#sizes.unobserve(element);
      this.#visibility.unobserve(element);
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
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const shown = document.hidden ? [] : [...this.#shown.values()].filter(({ visible }) => visible);
      this.#report(
        shown.map(({ picture, width, height }) => ({
          ...picture,
          width: width * devicePixelRatio,
          height: height * devicePixelRatio,
        })),
      );
    }, SETTLE_MS);
  }
}
