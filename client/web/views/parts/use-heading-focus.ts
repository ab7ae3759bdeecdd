import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * For the heading of a screen, which must be focusable: focuses it if the screen appears where the user has just operated a control that is
 * gone. Otherwise the keyboard would start again at the top of the page, and a screen reader would say nothing.
 */
export function useHeadingFocus(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    // A page that was just opened is read from its beginning.
    if (isLost && navigator.userActivation?.hasBeenActive) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  return heading;
}
