/**
 * Takes pictures of the call with painted people, at all sizes and in both themes: `npm run screenshots -- FOLDER`. To take only some:
 * `-- FOLDER --people 5,25 --width 360 --scheme dark`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { CROWDS, paintOwnCamera, WINDOWS, waitForVideo } from './support/call-scenes.ts';
import { Cast } from './support/cast.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';

const ROOM = 'orchard';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    people: { type: 'string' },
    width: { type: 'string' },
    scheme: { type: 'string' },
  },
});
const [folder = 'screenshots'] = positionals;
const chosen = (list: string | undefined, all: readonly (number | string)[]) =>
  list ? all.filter((each) => list.split(',').includes(String(each))) : all;
const crowds = chosen(values.people, CROWDS) as number[];
const widths = chosen(
  values.width,
  WINDOWS.map(({ width }) => width),
);
const schemes = chosen(values.scheme, ['light', 'dark']) as Array<'light' | 'dark'>;

mkdirSync(folder, { recursive: true });
const server = await TestServer.start();
const browser = await TestBrowser.launch();
const castBrowser = await TestBrowser.launch();
try {
  const cast = await Cast.assemble(castBrowser, server, ROOM);
  const page = await browser.page();
  await paintOwnCamera(page);
  const viewer = new Person(page, 'Robin');
  await page.goto(await server.invite({ role: 'admin', roomId: ROOM }));
  await page.getByTestId('name').fill('Robin');
  await page.getByTestId('enrol').click();
  await page.getByTestId('microphone-select').waitFor();
  await takeAll(page, 'lobby');
  await viewer.enter(ROOM);
  // The fake microphone plays a tone, which would count as speech.
  await page.keyboard.press('m');
  for (const people of crowds) {
    await cast.resize(people - 1);
    await dismissNotices(page);
    await takeAll(page, `${people}-gallery`);
    if (people > 2) {
      await page.keyboard.press('g');
      await takeAll(page, `${people}-speaker`);
      await page.keyboard.press('g');
    }
    if (people === 5) {
      await cast.share(1);
      await takeAll(page, `${people}-screen`);
      await cast.share(1, false);
    }
  }
} finally {
  await Promise.all([browser.close(), castBrowser.close()]);
  await server.close();
}

/** Waits for the announcements of newcomers, which are batched, and closes them. */
async function dismissNotices(page: Page): Promise<void> {
  await page.waitForTimeout(1200);
  await page.evaluate(() => {
    for (const button of document.querySelectorAll<HTMLElement>('[data-testid=notice] button:last-child')) {
      button.click();
    }
  });
}

async function takeAll(page: Page, name: string): Promise<void> {
  for (const { width, height } of WINDOWS) {
    if (!widths.includes(width)) {
      continue;
    }
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(300);
    await waitForVideo(page);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      // Colours change over a moment.
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}
