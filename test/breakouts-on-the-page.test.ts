import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { notice, isInRoom as title } from './support/call-steps.ts';
import { InProcessServer } from './support/in-process-server.ts';
import { Person } from './support/person.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('breakout rooms on the page', () => {
  let server: InProcessServer;
  let browser: TestBrowser;
  let ada: Page;
  let bob: Page;
  /** A guest on a phone. */
  let gus: Page;

  before(async () => {
    server = await InProcessServer.start();
    browser = await TestBrowser.launch();
    ada = await enter('Ada', await server.invite());
    bob = await enter('Боб', await server.invite({ role: 'guest', roomId: ROOM }));
    gus = await enter('Gus', await server.invite({ role: 'guest', roomId: ROOM }));
    await gus.setViewportSize({ width: 360, height: 720 });
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function enter(name: string, link: string): Promise<Page> {
    const page = await browser.page();
    await new Person(page, name).enterByInvitation(link, ROOM);
    return page;
  }
  const openPanel = async (page: Page) => {
    await page.getByTestId('more').click();
    await page.getByTestId('panel-breakouts').click();
    await page.getByTestId('breakouts').waitFor();
  };
  const people = (page: Page) => page.getByTestId('count').textContent();

  it('a moderator plans rooms and assigns people by hand', async () => {
    await openPanel(ada);
    await ada.getByTestId('breakout-assign-none').check();
    await assertAccessible(ada, { within: '[data-testid=panel]' });
    await ada.getByTestId('breakout-plan').click();
    for (const [name, room] of [
      ['Боб', 'Room 1'],
      ['Gus', 'Room 2'],
    ] as const) {
      const select = ada.getByLabel(`Room of ${name}`);
      await select.selectOption({ label: room });
      const section = ada.getByRole('region', { name: room });
      await section.getByTestId('breakout-person').filter({ hasText: name }).waitFor();
    }
    await assertAccessible(ada, { within: '[data-testid=panel]' });
    assert.equal(await gus.getByTestId('breakout-banner').count(), 0);
  });

  it('everyone moves when the rooms are opened, and the page keeps its address and its camera', async () => {
    await ada.getByTestId('breakout-duration').selectOption('10');
    await ada.getByTestId('breakout-open').click();
    await title(bob, 'Room 1');
    await title(gus, 'Room 2');
    await notice(gus, 'You are now in Room 2').waitFor();
    assert.match(gus.url(), /#\/room\/team$/);
    assert.equal(await people(gus), 'Only you');
    await bob.getByTestId('breakout-banner').getByRole('timer').waitFor();
    await assertAccessible(gus, { within: '[data-testid=breakout-banner]' });
    const width = await gus.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${width} px`);
    await eventually(
      'Ada sees who is where',
      () => ada.getByTestId('breakout-person').allTextContents(),
      (texts) => texts.filter((text) => text.includes('in the room')).length === 2,
    );
    await assertAccessible(ada, { within: '[data-testid=panel]' });
  });

  it('a moderator reaches all rooms, and comes when somebody asks for help', async () => {
    await ada.getByTestId('breakout-message').fill('Two more minutes');
    await ada.getByTestId('breakout-send').click();
    for (const page of [bob, gus]) {
      await notice(page, 'Ada to all rooms: Two more minutes').waitFor();
    }
    await gus.getByTestId('breakout-help').click();
    const asked = notice(ada, 'Gus asks for help in Room 2');
    await asked.waitFor();
    await asked.getByTestId('notice-action').click();
    await title(ada, 'Room 2');
    await eventually(
      'two people',
      () => people(gus),
      (text) => text === '2 people',
    );
    await ada.getByTestId('breakouts').waitFor();
    await ada.getByTestId('breakout-back').click();
    await title(ada, ROOM);
  });

  it('a lost connection comes back into the breakout room, and somebody returns on their own', async () => {
    await gus.evaluate(() =>
      (window as unknown as { canopy: { client: { reconnect(): void } } }).canopy.client.reconnect(),
    );
    await eventually(
      'Gus is back in his room',
      () => gus.getByTestId('room-view').getAttribute('data-state'),
      (state) => state === 'connected',
    );
    await title(gus, 'Room 2');
    await gus.getByTestId('breakout-back').click();
    await title(gus, ROOM);
    await notice(gus, 'Your breakout room is Room 2').getByTestId('notice-action').click();
    await title(gus, 'Room 2');
  });

  it('a reloaded page comes back into the breakout room', async () => {
    await gus.reload();
    await gus.getByTestId('join').click();
    await title(gus, 'Room 2');
    assert.match(gus.url(), /#\/room\/team$/);
  });

  it('everybody is called back', async () => {
    await ada.getByTestId('breakout-close').click();
    await notice(gus, 'Back to the main room in').waitFor();
    await notice(gus, 'Back to the main room in').getByTestId('notice-action').click();
    await title(gus, ROOM);
    // Bob does nothing.
    await title(bob, ROOM);
    await eventually(
      'everyone is together again',
      () => people(ada),
      (text) => text === '3 people',
    );
    await ada.getByTestId('breakout-discard').click();
    await ada.getByTestId('breakout-plan').waitFor();
  });

  it('nothing on the pages went wrong', () => {
    assert.deepEqual(browser.problems, []);
  });
});
