import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { type Corner, moveSelf, selfCorner } from '../../model/index.ts';
import { Tile, type TileProps } from './tile.tsx';

/** How far the pointer moves before a press counts as dragging, in CSS pixels. */
const DRAG_PX = 6;

/** This user's own camera above the stage. It can be dragged to any corner; its menu moves it too. */
export function FloatingSelf({ tile }: { tile: TileProps }) {
  const frame = useRef<HTMLDivElement>(null);
  const shift = useSignal<{ x: number; y: number } | undefined>(undefined);
  const from = useRef<{ x: number; y: number; id: number } | undefined>(undefined);
  const end = () => {
    const { current } = frame;
    if (current && shift.value) {
      moveSelf(nearestCorner(current));
    }
    from.current = undefined;
    shift.value = undefined;
  };
  const { x, y } = shift.value ?? { x: 0, y: 0 };
  return (
    <div
      ref={frame}
      class={`self-view ${selfCorner.value}${shift.value ? ' dragged' : ''}`}
      data-testid="self-view"
      data-corner={selfCorner.value}
      style={{ translate: `${x}px ${y}px` }}
      onPointerDown={({ clientX, clientY, pointerId, button, target }) => {
        if (button === 0 && !(target as Element).closest('button, [role=menu], dialog')) {
          from.current = { x: clientX, y: clientY, id: pointerId };
        }
      }}
      onPointerMove={({ clientX, clientY, pointerId, currentTarget }) => {
        const start = from.current;
        if (!start || start.id !== pointerId) {
          return;
        }
        const [byX, byY] = [clientX - start.x, clientY - start.y];
        if (shift.value || Math.hypot(byX, byY) > DRAG_PX) {
          currentTarget.setPointerCapture(pointerId);
          shift.value = { x: byX, y: byY };
        }
      }}
      onPointerUp={end}
      onPointerCancel={end}
    >
      <Tile {...tile} />
    </div>
  );
}

/** The corner of its container that an element is closest to. */
function nearestCorner(element: HTMLElement): Corner {
  const own = element.getBoundingClientRect();
  const area = (element.offsetParent ?? document.body).getBoundingClientRect();
  const low = own.top + own.bottom > area.top + area.bottom;
  const right = own.left + own.right > area.left + area.right;
  const atEnd = right !== (getComputedStyle(element).direction === 'rtl');
  return `${low ? 'bottom' : 'top'}-${atEnd ? 'end' : 'start'}`;
}
