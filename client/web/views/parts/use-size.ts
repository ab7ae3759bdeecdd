import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

export interface Size {
  width: number;
  height: number;
}

/** Size of an element's content box, in CSS pixels; zero before it is displayed. */
export function useSize(element: RefObject<HTMLElement | null>) {
  const size = useSignal<Size>({ width: 0, height: 0 });
  // Measured before the first paint, so that nothing is seen to jump.
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) {
      return;
    }
    size.value = { width: current.clientWidth, height: current.clientHeight };
    const observer = new ResizeObserver(([entry]) => {
      if (entry) {
        size.value = { width: entry.contentRect.width, height: entry.contentRect.height };
      }
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return size;
}
