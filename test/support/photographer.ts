import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { violations } from './accessibility.ts';
import { waitForVideo } from './call-scenes.ts';
import { flaws, type LooksOptions } from './looks.ts';

type Scheme = 'light' | 'dark';

export interface PhotographerOptions {
  folder: string;
  windows: ReadonlyArray<{ width: number; height: number }>;
  schemes: readonly Scheme[];
}

/** Takes pictures of pages in windows of several sizes and in both themes, and judges them: see flaws(). */
export class Photographer {
  readonly #options: PhotographerOptions;
  /** What is wrong with the pictures so far, each with the name of its picture. */
  readonly flaws: string[] = [];
  #pictures = 0;

  constructor(options: PhotographerOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
  }

  get pictures(): number {
    return this.#pictures;
  }

  /** @param before runs in each window, e.g. to open a menu, which a change of the window would close */
  async take(
    page: Page,
    name: string,
    { before, ...rules }: LooksOptions & { before?: () => Promise<void> } = {},
  ): Promise<void> {
    const { folder, windows, schemes } = this.#options;
    for (const window of windows) {
      await page.setViewportSize(window);
      await before?.();
      await settle(page);
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const picture = `${name}-${window.width}-${colorScheme}`;
        const found =
          colorScheme === schemes[0]
            ? [...(await flaws(page, rules)), ...(await violations(page))]
            : await violations(page);
        this.flaws.push(...found.map((flaw) => `${picture}: ${flaw}`));
        await page.screenshot({ path: join(folder, `${picture}.png`) });
        this.#pictures += 1;
      }
    }
  }
}

/** Waits until videos play and everything has stayed in place for a moment. */
async function settle(page: Page): Promise<void> {
  await waitForVideo(page);
  await page.evaluate(async () => {
    const places = () =>
      [...document.querySelectorAll('button, [data-testid=tile], h1, h2, input')]
        .map((element) => JSON.stringify(element.getBoundingClientRect()))
        .join();
    let before = '';
    for (let tries = 0; tries < 30 && before !== places(); tries += 1) {
      before = places();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
}
