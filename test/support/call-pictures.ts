import type { Page } from 'playwright-core';
import { CROWDS } from './call-scenes.ts';
import type { Cast } from './cast.ts';
import type { Photographer } from './photographer.ts';

/** Takes pictures of a call in all sizes, in the gallery and in speaker view. */
export async function takeCalls(
  photographer: Photographer,
  page: Page,
  cast: Cast,
  crowds: readonly number[] = CROWDS,
): Promise<void> {
  for (const people of crowds) {
    await cast.resize(people - 1);
    await dismissNotices(page);
    await photographer.take(page, `${people}-gallery`);
    if (people > 2) {
      await page.keyboard.press('g');
      await photographer.take(page, `${people}-speaker`, { speakerView: true });
      await page.keyboard.press('g');
    }
    if (people === 5) {
      await cast.share(1);
      await page.getByTestId('stage').waitFor();
      await photographer.take(page, `${people}-screen`);
      await cast.share(1, false);
      await page.getByTestId('stage').waitFor({ state: 'detached' });
    }
  }
}

/** Waits for the announcements of newcomers, which are batched, and closes them. */
export async function dismissNotices(page: Page): Promise<void> {
  await page.waitForTimeout(1200);
  await page.evaluate(() => {
    for (const button of document.querySelectorAll<HTMLElement>('[data-testid=notice] button:last-child')) {
      button.click();
    }
  });
}
