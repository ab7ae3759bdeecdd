import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type Call, seatKey } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { NextIcon, PreviousIcon } from '../parts/icons.tsx';
import { Tile, type TileProps } from './tile.tsx';

/** How much of the strip is out of view, in tiles. */
interface Hidden {
  before: number;
  after: number;
}

/** The people next to the stage. Scrolls, and says how many are out of view. */
export function Strip({ tiles, call }: { tiles: TileProps[]; call: Call }) {
  const scroller = useRef<HTMLDivElement>(null);
  const hidden = useSignal<Hidden>({ before: 0, after: 0 });
  const count = tiles.length;
  useEffect(() => {
    const { current } = scroller;
    if (!current) {
      return;
    }
    const update = () => {
      const now = hiddenTiles(current);
      if (now.before !== hidden.value.before || now.after !== hidden.value.after) {
        hidden.value = now;
      }
      call.visibleSeats = Math.max(1, count - now.before - now.after);
    };
    const observer = new ResizeObserver(update);
    observer.observe(current);
    current.addEventListener('scroll', update, { passive: true });
    update();
    return () => {
      observer.disconnect();
      current.removeEventListener('scroll', update);
    };
  }, [count]);
  const scroll = (direction: 1 | -1) => {
    const { current } = scroller;
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    current?.scrollBy({
      left: direction * current.clientWidth * 0.8 * (isRightToLeft(current) ? -1 : 1),
      top: direction * current.clientHeight * 0.8,
      behavior,
    });
  };
  const { before, after } = hidden.value;
  const overflows = before + after > 0;
  return (
    <div class="strip-frame">
      {overflows && <MoreButton direction="before" count={before} onClick={() => scroll(-1)} />}
      <div class="strip" data-testid="strip" ref={scroller}>
        {tiles.map((tile) => (
          <Tile key={seatKey(tile)} {...tile} />
        ))}
      </div>
      {overflows && <MoreButton direction="after" count={after} onClick={() => scroll(1)} />}
    </div>
  );
}

/** How many people there are on one side, if any. Keeps its place, so that the tiles stay in theirs. */
function MoreButton({
  direction,
  count,
  onClick,
}: {
  direction: keyof Hidden;
  count: number;
  onClick(): void;
}) {
  const { stage } = strings.value;
  const label = direction === 'before' ? stage.moreBefore(count) : stage.moreAfter(count);
  return (
    <button
      type="button"
      class={`strip-more ${direction}`}
      data-testid={`strip-${direction}`}
      aria-label={label}
      title={label}
      disabled={count === 0}
      onClick={onClick}
    >
      {direction === 'before' && <PreviousIcon />}
      <span aria-hidden="true">+{count}</span>
      {direction === 'after' && <NextIcon />}
    </button>
  );
}

/** Counts tiles of which less than half is in view. */
function hiddenTiles(scroller: HTMLElement): Hidden {
  const view = scroller.getBoundingClientRect();
  const vertical = scroller.scrollHeight > scroller.clientHeight + 1;
  const rightToLeft = isRightToLeft(scroller);
  const hidden = { before: 0, after: 0 };
  for (const tile of scroller.children) {
    const { left, right, top, bottom } = tile.getBoundingClientRect();
    const [middle, start, end] = vertical
      ? [(top + bottom) / 2, view.top, view.bottom]
      : [(left + right) / 2, view.left, view.right];
    if (middle < start) {
      hidden[rightToLeft && !vertical ? 'after' : 'before'] += 1;
    } else if (middle > end) {
      hidden[rightToLeft && !vertical ? 'before' : 'after'] += 1;
    }
  }
  return hidden;
}

function isRightToLeft(element: HTMLElement): boolean {
  return getComputedStyle(element).direction === 'rtl';
}
