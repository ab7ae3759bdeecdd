import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { Crowd } from './support/crowd.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

describe('accessibility of the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let crowd: Crowd;
  let page: Page;

  before(async () => {
    server = await TestServer.start({ env: { CANOPY_LIMITS_PARTICIPANTS_PER_ROOM: '30' } });
    browser = await TestBrowser.launch();
    crowd = await Crowd.enter(server, 1, 22);
    page = await browser.page(await server.invite({ role: 'admin', roomId: 'team' }));
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('enrol').click();
    await page.getByTestId('microphone-select').waitFor();
  });

  after(async () => {
    await crowd.leave();
    await browser.close();
    await server.close();
  });

  /** Test ids (or labels) of the elements that successive Tab presses focus. */
  async function tabbed(times: number): Promise<string[]> {
    const stops: string[] = [];
    for (let time = 0; time < times; time += 1) {
      await page.keyboard.press('Tab');
      stops.push(await focused());
    }
    return stops;
  }

  const focused = () =>
    page.evaluate(() => {
      const { activeElement: element } = document;
      return (element as HTMLElement | null)?.dataset.testid ?? element?.tagName ?? '';
    });

  /** Buttons and fields that extend beyond the window's sides. */
  const cut = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('button, input, select')].flatMap((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < 0 || right > innerWidth) ? [element.outerHTML.slice(0, 80)] : [];
      }),
    );

  it('shows the join button in windows of every size, and says how a room’s name is changed', async () => {
    for (const [width, height] of [
      [320, 568],
      [360, 740],
      [740, 360],
      [640, 400],
    ] as const) {
      await page.setViewportSize({ width, height });
      const box = await page.getByTestId('join').boundingBox();
      assert.ok(
        box && box.y >= 0 && box.y + box.height <= height,
        `${width}×${height}: ${JSON.stringify(box)}`,
      );
      assert.deepEqual(await cut(), []);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByTestId('room').fill('Weekly meeting! ✨');
    assert.equal(await page.getByTestId('room-hint').textContent(), 'The room name will be Weekly-meeting-');
    await page.getByTestId('display-name').fill('👩‍🚀 Ada');
  });

  it('takes keyboard focus from the room’s name to the controls before the people', async () => {
    await new Person(page, 'Ada').enter('crowd-0');
    assert.equal(await focused(), 'H1');
    assert.equal(await page.title(), 'crowd-0 – Canopy');
    const stops = await tabbed(15);
    assert.ok(stops.indexOf('leave') > stops.indexOf('microphone'), String(stops));
    assert.ok(!stops.slice(0, stops.indexOf('leave')).includes('pin'), String(stops));
  });

  it('shows at most eight people at a time on a phone, with faces and controls fully visible', async () => {
    for (const [width, height] of [
      [320, 568],
      [360, 740],
    ] as const) {
      await page.setViewportSize({ width, height });
      const shown = await eventually(
        'the page has few tiles',
        () => page.getByTestId('tile').count(),
        (count) => count <= 8,
      );
      assert.ok(shown >= 4, `${shown} tiles`);
      assert.deepEqual(await cut(), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      const [tile, plate] = await Promise.all(
        ['[data-testid=tile]', '[data-testid=tile] figcaption'].map((each) =>
          page.locator(each).last().boundingBox(),
        ),
      );
      assert.ok(tile && plate && plate.height < tile.height / 4, JSON.stringify([tile, plate]));
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('labels buttons with what they do, and tiles with who is muted', async () => {
    const microphone = page.getByTestId('microphone');
    assert.equal(await microphone.getAttribute('aria-label'), 'Mute microphone');
    assert.equal(await microphone.getAttribute('aria-pressed'), null);
    await microphone.click();
    const own = page.locator('[data-testid=tile][data-self=true]');
    await own.filter({ hasText: /👩‍🚀A.*Ada \(you\).*, muted/su }).waitFor();
    await microphone.click();
  });

  it('keeps the focus when a tile is pinned, and inside a tile’s menu', async () => {
    const pin = page.locator('[data-testid=tile][data-self=false] [data-testid=pin]').first();
    const name = await pin.getAttribute('aria-label');
    await pin.focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('stage').waitFor();
    const has = async (what: string, expected: string) =>
      eventually(what, focused, (now) => now === expected);
    await has('the pin has the focus on the stage', 'pin');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), name);
    await page.keyboard.press('Enter');
    await page.getByTestId('stage').waitFor({ state: 'detached' });
    await has('the pin has the focus in the gallery', 'pin');

    const menu = page.locator('[data-testid=tile][data-self=false] [data-testid=tile-menu]').first();
    await menu.focus();
    await page.keyboard.press('Enter');
    await has('the first action has the focus', 'tile-person');
    await page.keyboard.press('ArrowDown');
    await has('an arrow key leads to the next', 'add-to-contacts');
    await page.keyboard.press('End');
    await has('the End key leads to the last', 'person-ban');
    await page.keyboard.press('ArrowDown');
    await has('arrow keys stay in the menu', 'tile-person');
    await page.keyboard.press('Escape');
    await has('the button has the focus again', 'tile-menu');
    await page.keyboard.press('Enter');
    await has('the first action has the focus again', 'tile-person');
    await page.keyboard.press('Tab');
    await page.getByRole('menu').waitFor({ state: 'detached' });
  });

  it('lists its keyboard shortcuts, and lets people turn them off', async () => {
    const view = page.getByTestId('view');
    await page.keyboard.press('?');
    await page.getByTestId('shortcuts-on').uncheck();
    // A click outside the dialog closes it.
    await page.mouse.click(5, 400);
    await page.getByTestId('shortcuts-on').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    assert.equal(await view.getAttribute('aria-label'), 'Speaker view');
    await page.keyboard.press('?');
    await page.getByTestId('shortcuts-on').check();
    await page.keyboard.press('Escape');
    await page.getByTestId('shortcuts-on').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await eventually(
      'the key works',
      () => view.getAttribute('aria-label'),
      (label) => label === 'Gallery view',
    );
    await page.keyboard.press('g');
  });

  it('raises hands with a key, announces who raised a hand and in which order, and lets moderators lower hands', async () => {
    const bob = await Person.invited(browser, server, 'Bob', 'crowd-0');
    const says = (who: Page, sentence: string) =>
      who.locator('[role=status]').getByText(sentence, { exact: false }).waitFor();
    await bob.page.getByTestId('microphone').focus();
    await bob.page.keyboard.press('h');
    await says(page, 'Bob raised a hand');
    await page.getByTestId('hand').click();
    await says(bob.page, 'Ada raised a hand');
    await page.getByTestId('hand').and(page.getByLabel('Lower hand')).waitFor();
    for (const each of [page, bob.page]) {
      await each
        .getByTestId('hands')
        .filter({ hasText: /^Raised hands: Bob and .*Ada$/u })
        .waitFor();
    }
    const own = page.locator('[data-testid=tile][data-self=true]');
    await own.getByTestId('hand-badge').filter({ hasText: 'hand raised, 2 of 2' }).waitFor();

    // A newcomer sees earlier hands, and people with raised hands on the first of two pages.
    const carol = await Person.invited(browser, server, 'Carol', 'crowd-0');
    assert.match((await carol.page.getByTestId('hands').textContent()) ?? '', /Bob and/);
    const tile = carol.page.locator('[data-testid=tile]', { hasText: 'Ada' });
    await tile.hover();
    await tile.getByTestId('tile-menu').click();
    await carol.click('tile-lower-hand');
    await says(page, 'Carol lowered your hand');
    await own.getByTestId('hand-badge').waitFor({ state: 'detached' });
    await carol.leave();
    await bob.leave();
    await page.getByTestId('hands').waitFor({ state: 'detached' });
  });

  it('lets people change their name and moderators others’ names, and shows the certified name', async () => {
    const bob = await Person.invited(browser, server, 'Bob', 'crowd-0');
    const rename = async (each: Page, name: string) => {
      await each.getByTestId('new-name').fill(name);
      await each.getByTestId('rename-now').click();
      await each.getByRole('dialog').waitFor({ state: 'detached' });
    };
    await bob.page.locator('[data-testid=tile][data-self=true]').hover();
    await bob.click('own-menu');
    await bob.click('rename');
    await rename(bob.page, 'Robert');
    const tile = page.locator('[data-testid=tile]', { hasText: 'Robert' });
    assert.equal(await tile.getByTestId('certified-name').textContent(), '(certified as Bob)');
    await tile.hover();
    await tile.getByTestId('tile-menu').click();
    await page.getByTestId('tile-rename').click();
    await rename(page, 'Bob');
    await bob.page.locator('[data-testid=tile][data-self=true]', { hasText: 'Bob (you)' }).waitFor();
    const named = page.locator('[data-testid=tile]', { hasText: 'Bob' });
    await named.getByTestId('certified-name').waitFor({ state: 'detached' });
    // The next call starts with the chosen name.
    await bob.page.getByTestId('leave').click();
    assert.equal(await bob.page.getByTestId('display-name').inputValue(), 'Robert');
    await bob.page.close();
  });

  it('announces who joins and who leaves', async () => {
    // A name that no earlier notice has.
    const dora = await Person.invited(browser, server, 'Dora', 'crowd-0');
    await page.locator('[role=status]').getByText('Dora joined').waitFor();
    await dora.leave();
    await page.locator('[role=status]').getByText('Dora left').waitFor();
    assert.deepEqual(browser.problems, []);
  });
});
