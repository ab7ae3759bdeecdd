import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds wrong with the page, or with the part of it that a selector names. */
export async function violations(page: Page, within?: string): Promise<string[]> {
  await page.evaluate(axe.source);
  // Colours that are still changing have no contrast of their own. Spinners never stop.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every((each) => each.playState !== 'running' || each.effect?.getTiming().iterations === Infinity),
  );
  const found = await page.evaluate(
    (within) => (window as unknown as { axe: typeof axe }).axe.run(within ?? document),
    within,
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/**
 * Requires that axe finds nothing, in the light and in the dark theme.
 *
 * @param before runs in each theme, e.g. to point at something
 */
export async function assertAccessible(
  page: Page,
  { within, what = '', before }: { within?: string; what?: string; before?: () => Promise<void> } = {},
): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await before?.();
    assert.deepEqual(await violations(page, within), [], `${what} ${colorScheme}`);
  }
}
