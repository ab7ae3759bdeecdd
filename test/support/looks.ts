import type { Page } from 'playwright-core';

/** Shorter side of the smallest tile, in CSS pixels. */
const MIN_TILE_PX = 120;
/** The largest part of a tile that its label may cover. */
const MAX_LABEL = 0.2;
/** The smallest part of the window that the speaker has in speaker view. */
const MIN_SPEAKER = 0.6;
/** Both sides of the smallest control, in CSS pixels, for a mouse and for a finger. */
const MIN_CONTROL_PX = 24;
const MIN_TOUCH_PX = 44;
/** Windows up to this width, in CSS pixels, are for fingers. */
const MAX_TOUCH_WIDTH = 768;

export interface LooksOptions {
  /** Also require that the speaker is large. Default false. */
  speakerView?: boolean;
  /** The speaker's part of the window in speaker view. Default 0.6. */
  minSpeaker?: number;
}

/**
 * Judges what the page shows by rule; empty if all is well. The rules:
 *
 * - Nothing scrolls sideways, and no control is outside the window.
 * - Controls have at least 24 × 24 pixels, in windows for fingers 44 × 44; links within sentences are exempt. None overlaps or covers another,
 *   and their words fit.
 * - Tiles have at least 120 pixels in both directions; their labels cover at most a fifth, and nothing covers a name.
 * - In speaker view, the speaker has at least 60 % of the window.
 */
export async function flaws(
  page: Page,
  { speakerView = false, minSpeaker = MIN_SPEAKER }: LooksOptions = {},
): Promise<string[]> {
  return page.evaluate(judge, {
    minTile: MIN_TILE_PX,
    maxLabel: MAX_LABEL,
    minControl: MIN_CONTROL_PX,
    minTouch: MIN_TOUCH_PX,
    maxTouchWidth: MAX_TOUCH_WIDTH,
    minSpeaker: speakerView ? minSpeaker : 0,
  });
}

/** Runs on the page. */
function judge(limits: {
  minTile: number;
  maxLabel: number;
  minControl: number;
  minTouch: number;
  maxTouchWidth: number;
  minSpeaker: number;
}): string[] {
  const found: string[] = [];
  // Half a pixel is a matter of rounding.
  const TOLERANCE = 0.5;
  const minControl = innerWidth <= limits.maxTouchWidth ? limits.minTouch : limits.minControl;

  interface Rect {
    left: number;
    top: number;
    right: number;
    bottom: number;
  }
  const width = ({ left, right }: Rect) => Math.max(0, right - left);
  const height = ({ top, bottom }: Rect) => Math.max(0, bottom - top);
  const area = (rect: Rect) => width(rect) * height(rect);
  const common = (a: Rect, b: Rect): Rect => ({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const size = (rect: Rect) => `${Math.round(width(rect))}×${Math.round(height(rect))}`;
  const nameOf = (element: Element) =>
    (element as HTMLElement).dataset.testid ??
    (element.getAttribute('aria-label') || element.textContent?.trim() || element.outerHTML).slice(0, 40);

  const scrolls = (element: Element, axis: 'x' | 'y') => {
    const style = getComputedStyle(element);
    const overflow = axis === 'x' ? style.overflowX : style.overflowY;
    return overflow === 'auto' || overflow === 'scroll';
  };
  const ancestors = (element: Element) => {
    const list: Element[] = [];
    for (let each = element.parentElement; each; each = each.parentElement) {
      list.push(each);
    }
    return list;
  };
  const isSticky = (element: Element) =>
    [element, ...ancestors(element)].some((each) => getComputedStyle(each).position === 'sticky');
  const isMessage = (element: Element) => element.closest('.notice, .chat-toast') !== null;
  /** What remains of a box inside the window and everything that clips it. */
  const inView = (element: Element): Rect => {
    let rect: Rect = element.getBoundingClientRect();
    let position = getComputedStyle(element).position;
    for (const each of ancestors(element)) {
      if (position === 'fixed') {
        break;
      }
      const style = getComputedStyle(each);
      if (style.overflowX !== 'visible' || style.overflowY !== 'visible') {
        rect = common(rect, each.getBoundingClientRect());
      }
      position = style.position;
    }
    return common(rect, { left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  };

  // Whatever lies on top makes everything else inactive.
  const popover = document.querySelector(':popover-open');
  const dialog = [...document.querySelectorAll('dialog:modal')].at(-1);
  const sheet = [...document.querySelectorAll('.panel')].find(
    (panel) => getComputedStyle(panel).position === 'fixed',
  );
  const scope = popover ?? dialog ?? sheet ?? document.body;

  if (document.documentElement.scrollWidth > innerWidth) {
    found.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  }
  for (const element of scope.querySelectorAll('*')) {
    if (
      element.scrollWidth > element.clientWidth + 1 &&
      scrolls(element, 'x') &&
      element.checkVisibility() &&
      !element.matches('.strip, input, textarea, select')
    ) {
      found.push(`${nameOf(element)} scrolls sideways`);
    }
  }

  const controls = [
    ...scope.querySelectorAll<HTMLElement>(
      'button, a[href], input, select, textarea, summary, [role="button"]',
    ),
  ]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[inert]'))
    .flatMap((element) => {
      // A click on its label is one on the field.
      const isChoice = element.matches('[type="checkbox"], [type="radio"], [type="file"]');
      const target = (isChoice && element.closest('label')) || element;
      const box = target.getBoundingClientRect();
      const shown = inView(target);
      // Scrolled out of view, at least for the most part.
      const isShown = area(shown) > 0 && height(shown) >= height(box) / 2;
      return area(box) > 1 && isShown ? [{ element, target, box, shown }] : [];
    })
    .filter(({ target }, index, all) => all.findIndex((other) => other.target === target) === index);

  for (const { element, target, box, shown } of controls) {
    const name = nameOf(element);
    // Its hit area may be larger than what is seen of it.
    const reach = (x: number, y: number) => {
      const [centreX, centreY] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      let steps = 0;
      while (
        steps < 60 &&
        target.contains(document.elementFromPoint(centreX + x * steps, centreY + y * steps))
      ) {
        steps += 1;
      }
      return steps;
    };
    const isLarge = () =>
      reach(-1, 0) + reach(1, 0) >= minControl && reach(0, -1) + reach(0, 1) >= minControl;
    const inSentence = element.matches('a') && getComputedStyle(element).display === 'inline';
    const isSmall = width(box) < minControl - TOLERANCE || height(box) < minControl - TOLERANCE;
    if (isSmall && !inSentence && !isLarge()) {
      found.push(`${name} has ${size(box)} of ${minControl}×${minControl}`);
    }
    const around = ancestors(target);
    const canScroll = around.some((each) => scrolls(each, 'x') && each.scrollWidth > each.clientWidth);
    if (!canScroll && width(shown) < width(box) - 1) {
      found.push(`${name} is cut at the side: ${Math.round(width(shown))} of ${Math.round(width(box))}`);
    }
    const isBar = element.closest('.controls, .top-bar, .panel-header') !== null && !element.closest('.menu');
    if (isBar && height(shown) < height(box) - 1) {
      found.push(`${name} is cut: ${Math.round(height(shown))} of ${Math.round(height(box))}`);
    }
    if (
      element.textContent &&
      element.matches('button:not(.round), summary') &&
      element.scrollWidth > element.clientWidth + 1
    ) {
      found.push(`the words of ${name} do not fit`);
    }
    const hit = document.elementFromPoint((shown.left + shown.right) / 2, (shown.top + shown.bottom) / 2);
    const hitsIt = hit && (target.contains(hit) || hit.contains(target));
    // Bars that stay in place cover what scrolls below them, and messages that soon disappear whatever is not always there.
    const isAlwaysThere = isBar && !element.closest('dialog');
    const isInFront = hit?.closest('.pin, .self-view, .notice, .chat-toast') || (hit && isSticky(hit));
    if (!hitsIt && (isAlwaysThere || !isInFront)) {
      found.push(`${name} is covered by ${hit ? nameOf(hit) : 'nothing'}`);
    }
  }
  for (const [index, a] of controls.entries()) {
    for (const b of controls.slice(index + 1)) {
      const overlap = common(a.shown, b.shown);
      const isNested = a.target.contains(b.target) || b.target.contains(a.target);
      // A whole tile is the button to pin it, and lies behind its other buttons.
      const isBehind = a.element.matches('.pin') || b.element.matches('.pin');
      const floats = isSticky(a.target) !== isSticky(b.target) || isMessage(a.target) !== isMessage(b.target);
      if (width(overlap) > 1 && height(overlap) > 1 && !isNested && !isBehind && !floats) {
        found.push(`${nameOf(a.element)} and ${nameOf(b.element)} overlap by ${size(overlap)}`);
      }
    }
  }

  if (scope !== document.body) {
    return found;
  }
  let speaker = 0;
  for (const tile of document.querySelectorAll<HTMLElement>('[data-testid="tile"]')) {
    const box = tile.getBoundingClientRect();
    const strip = tile.closest('.strip')?.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    if (strip && (x < strip.left || x > strip.right || y < strip.top || y > strip.bottom)) {
      continue;
    }
    if (
      tile.closest('[data-testid="stage"] .grid, [data-testid="pair"] .grid') &&
      tile.dataset.self !== 'true'
    ) {
      speaker = Math.max(speaker, area(box) / (innerWidth * innerHeight));
    }
    const name = `the tile of ${tile.querySelector('.name')?.textContent}`;
    if (Math.min(width(box), height(box)) < limits.minTile - TOLERANCE) {
      found.push(`${name} has ${size(box)}`);
    }
    const label = tile.querySelector('figcaption');
    const words = label?.querySelector('.name');
    if (!label || !words) {
      found.push(`${name} has no label`);
      continue;
    }
    const plate = label.getBoundingClientRect();
    if (area(plate) > area(box) * limits.maxLabel || height(plate) > height(box) * limits.maxLabel) {
      found.push(
        `${name}: its label covers ${(area(plate) / area(box)).toFixed(2)} (${size(plate)} of ${size(box)})`,
      );
    }
    const whole = words.getBoundingClientRect();
    const text = common(whole, inView(tile));
    const covers = [text.left + 1, (text.left + text.right) / 2, text.right - 1]
      .map((at) => document.elementFromPoint(at, (text.top + text.bottom) / 2))
      .find((hit) => hit && !label.contains(hit) && !isMessage(hit));
    if (width(text) > 2 && height(text) >= height(whole) / 2 && covers) {
      found.push(`${nameOf(covers)} covers the name of ${words.textContent}`);
    }
  }
  if (speaker < limits.minSpeaker) {
    found.push(`the speaker has ${speaker.toFixed(2)} of the window`);
  }
  return found;
}
