import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { FIRST_LOAD_BYTES, firstLoad } from '../bench/index.ts';
import { violations } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { CROWDS, type TileBox, tileBoxes, WINDOWS } from './support/call-scenes.ts';
import { Crowd } from './support/crowd.ts';
import { flaws } from './support/looks.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

/** Phones in landscape, and the narrowest window that has to work, besides the windows of the screenshots. */
const SMALL_WINDOWS = [
  { width: 320, height: 568 },
  { width: 740, height: 360 },
] as const;
/** The speaker's part of the smallest window, which has space for others next to them only at the speaker's expense. */
const MIN_SPEAKER_320 = 0.5;
/** Cumulative layout shift up to which browsers call a page good. */
const MAX_LAYOUT_SHIFT = 0.1;

/** The cumulative layout shift of a page since a time, as browsers report it: without what follows an input at once. */
function layoutShift(page: Page, sinceMs = 0): Promise<number> {
  return page.evaluate(
    (sinceMs) =>
      new Promise<number>((resolve) => {
        let sum = 0;
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as Array<
            PerformanceEntry & { value: number; hadRecentInput: boolean }
          >) {
            sum += entry.hadRecentInput || entry.startTime < sinceMs ? 0 : entry.value;
          }
        });
        observer.observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => {
          observer.disconnect();
          resolve(sum);
        }, 100);
      }),
    sinceMs,
  );
}

describe('the layout of a call', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let page: Page;
  const crowds: Crowd[] = [];

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    page = await browser.page(await server.invite({ role: 'admin', roomId: 'crowd-0' }));
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('enrol').click();
    await page.getByTestId('microphone-select').waitFor();
  });

  after(async () => {
    await Promise.all(crowds.map((crowd) => crowd.leave()));
    await browser.close();
    await server.close();
  });

  /** Enters a room with others; each crowd has the room of the previous one plus some more people. */
  async function company(people: number): Promise<void> {
    const present = crowds.reduce((sum, crowd) => sum + crowd.seats.length, 0);
    if (people - 1 > present) {
      crowds.push(await Crowd.enter(server, 1, people - 1 - present));
    }
    await page
      .getByTestId('count')
      .getByText(people === 1 ? 'Only you' : `${people} people`)
      .waitFor();
  }

  /** The tiles, once they have stayed in place for a moment. */
  async function settled(): Promise<TileBox[]> {
    let before = '';
    return eventually(
      'the tiles stay in place',
      () => tileBoxes(page),
      (tiles) => {
        const now = JSON.stringify(tiles);
        const same = now === before;
        before = now;
        return same;
      },
    );
  }

  it('loads without a shift of the layout', async () => {
    const shift = await layoutShift(page);
    assert.ok(shift < MAX_LAYOUT_SHIFT, `${shift}`);
  });

  it('loads at most 150 KiB, compressed, before it shows anything', async () => {
    const { bytes, urls } = await firstLoad(page);
    assert.ok(
      urls.some((url) => url.endsWith('.js')) && urls.some((url) => url.endsWith('.css')),
      String(urls),
    );
    assert.ok(bytes <= FIRST_LOAD_BYTES, `${bytes} bytes`);
  });

  it('tells somebody who is alone so, and offers the link to the room', async () => {
    await new Person(page, 'Ada').enter('crowd-0');
    await page.getByTestId('alone').waitFor();
    await eventually(
      'the link is there',
      () => page.getByTestId('room-link').inputValue(),
      (link) => link.startsWith(`${server.url}/#/join/`),
    );
  });

  for (const people of CROWDS) {
    it(`shows ${people} people with faces to recognise, in windows of every size`, async () => {
      await company(people);
      for (const window of [...WINDOWS, ...SMALL_WINDOWS]) {
        await page.setViewportSize(window);
        const where = `${people} people at ${window.width}×${window.height}`;
        await settled();
        assert.deepEqual(await flaws(page), [], where);
        if (people < 2) {
          continue;
        }
        await page.keyboard.press('g');
        await page.getByTestId('stage').waitFor();
        await settled();
        const rules = { speakerView: true, ...(window.width === 320 && { minSpeaker: MIN_SPEAKER_320 }) };
        assert.deepEqual(await flaws(page, rules), [], `${where}, speaker view`);
        await page.keyboard.press('g');
      }
      await page.setViewportSize({ width: 1280, height: 800 });
    });
  }

  it('shows few people per page on a phone, and everyone on some page', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const seen = new Set<string>();
    for (let turned = 0; turned < 10; turned += 1) {
      const tiles = await settled();
      assert.ok(tiles.length <= 8, `${tiles.length} tiles`);
      for (const id of await page
        .locator('[data-testid=tile]')
        .evaluateAll((all) => all.map((tile) => (tile as HTMLElement).dataset.participantId ?? ''))) {
        seen.add(id);
      }
      const next = page.getByTestId('next-page');
      if (await next.isDisabled()) {
        break;
      }
      await next.click();
    }
    assert.equal(seen.size, 25);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says how many people the strip next to the stage hides, and shows them', async () => {
    await page.keyboard.press('g');
    const after = page.getByTestId('strip-after');
    const hidden = Number.parseInt((await after.textContent()) ?? '', 10);
    assert.ok(hidden > 10 && hidden < 24, `+${hidden}`);
    await after.click();
    await page.getByTestId('strip-before').waitFor();
    await page.keyboard.press('g');
  });

  it('keeps the speaker in full view next to an open panel, and covers the page with it on a phone', async () => {
    await page.keyboard.press('g');
    const stage = page.locator('[data-testid=stage] .grid [data-testid=tile]');
    await page.getByTestId('more').click();
    await page.getByTestId('panel-settings').click();
    const panel = page.getByTestId('panel');
    await panel.getByRole('heading', { name: 'Settings' }).waitFor();
    const speaker = await eventually(
      'the stage makes way',
      () => stage.boundingBox(),
      (box) => box !== null && box.x + box.width < 1280 - 288,
    );
    const frame = await panel.boundingBox();
    assert.ok(speaker && frame && speaker.x + speaker.width <= frame.x);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Settings');
    await page.setViewportSize({ width: 360, height: 740 });
    const sheet = await panel.boundingBox();
    assert.deepEqual(sheet, { x: 0, y: 0, width: 360, height: 740 });
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await eventually(
      'the focus is back',
      () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.testid),
      (id) => id === 'more',
    );
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press('g');
  });

  it('opens a panel without a shift of the layout, and keeps the keyboard in a sheet', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.keyboard.press('p');
    const panel = page.getByTestId('panel');
    await panel.getByTestId('person').nth(24).waitFor();
    for (let stops = 0; stops < 60; stops += 1) {
      await page.keyboard.press('Tab');
      const elsewhere = await page.evaluate(() => {
        const { activeElement } = document;
        // Notices are shown above the sheet. The browser's own buttons come after the last one.
        const isFine =
          activeElement === document.body ||
          activeElement?.closest('[data-testid=panel], [data-testid=notice]');
        return isFine ? undefined : activeElement?.outerHTML;
      });
      assert.equal(elsewhere, undefined, `stop ${stops}`);
    }
    await page.getByTestId('panel-close').click();
    await page.setViewportSize({ width: 1280, height: 800 });
    await settled();
    const startedMs = await page.evaluate(() => performance.now());
    await page.keyboard.press('c');
    await panel.getByTestId('chat-input').waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    const shift = await layoutShift(page, startedMs);
    assert.ok(shift < MAX_LAYOUT_SHIFT, `${shift}`);
  });

  it('has everything at 200 % zoom that it has without', async () => {
    const labels = (within: string) =>
      page
        .locator(`${within} :is(button, [role=menuitem])`)
        .evaluateAll((all) =>
          all
            .filter((each) => each.checkVisibility())
            .map((each) => (each.getAttribute('aria-label') ?? each.textContent ?? '').replace(/,.*/, '')),
        );
    const whole = await labels('.controls');
    await page.setViewportSize({ width: 640, height: 400 });
    await settled();
    assert.deepEqual(await flaws(page), []);
    const shown = await labels('.controls');
    await page.getByTestId('more').click();
    const items = (await labels('.controls .menu')).join();
    const lost = whole.filter(
      (label) => !shown.includes(label) && !items.includes(label) && label !== 'Send a reaction',
    );
    assert.deepEqual(lost, []);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('moves nothing for people who prefer reduced motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByTestId('more').click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('c');
    await page.getByTestId('chat-input').waitFor();
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap((element) => {
        const { animationName, animationDuration, transitionDuration } = getComputedStyle(element);
        const animates = animationName !== 'none' && animationDuration !== '0s';
        const moves = transitionDuration.split(', ').some((each) => each !== '0s');
        return animates || moves ? [element.outerHTML.slice(0, 80)] : [];
      }),
    );
    assert.deepEqual(moving, []);
    await page.getByTestId('panel-close').click();
  });

  it('has no accessibility problems that axe can find, in both themes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], `gallery, ${colorScheme}`);
      await page.keyboard.press('g');
      await page.getByTestId('stage').waitFor();
      assert.deepEqual(await violations(page), [], `speaker view, ${colorScheme}`);
      await page.getByTestId('more').click();
      await page.getByRole('menu').waitFor();
      assert.deepEqual(await violations(page), [], `menu, ${colorScheme}`);
      await page.getByTestId('panel-settings').click();
      await page.getByTestId('language').waitFor();
      assert.deepEqual(await violations(page), [], `settings, ${colorScheme}`);
      await page.getByTestId('panel-close').click();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      assert.deepEqual(await violations(page), [], `shortcuts, ${colorScheme}`);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('g');
    }
  });

  it('changes the language and the theme in the settings, and remembers them', async () => {
    await page.getByTestId('more').click();
    await page.getByTestId('panel-settings').click();
    await page.getByTestId('language').selectOption('ru');
    await page.getByTestId('panel').getByRole('heading', { name: 'Настройки' }).waitFor();
    assert.equal(await page.getByTestId('leave').getAttribute('aria-label'), 'Выйти из звонка');
    assert.equal(await page.getByTestId('count').textContent(), '25 участников');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'ru');
    await page.getByTestId('theme-dark').check();
    await page.reload();
    await page.getByTestId('join').getByText('Войти').waitFor();
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
    assert.deepEqual(browser.problems, []);
  });
});
