import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { knock as knockAt } from './support/call-steps.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

/** Goal for the way from a name to the room, in milliseconds. */
const ENTRY_MS = 30_000;

describe('one link for everybody, on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ann: Person;
  let link: string;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    ann = new Person(await browser.page(), 'Ann');
    await ann.enterByInvitation(server.firstInvitation, 'team');
  });
  after(async () => {
    await browser.close();
    await server.close();
    // Chromium logs the refusal of a withdrawn link.
    assert.deepEqual(
      browser.problems.filter((problem) => !/status of 410/.test(problem)),
      [],
    );
  });

  const text = async (page: Page, testId: string) =>
    ((await page.getByTestId(testId).first().textContent()) ?? '').trim();
  const knock = (name: string) => knockAt(browser, link, name);
  const inRoom = (page: Page) => page.getByTestId('room-view').waitFor();

  it('the dialog shows the link at once, and the same one the next time', async () => {
    await ann.click('invite');
    link = await ann.page.getByTestId('everyone-link').inputValue();
    assert.match(link, /#\/join\/[\w-]{32}\.[\w-]{43}$/);
    assert.match(await text(ann.page, 'room-link-state'), /can ask to join.*Valid until/s);
    await ann.page.keyboard.press('Escape');
    await ann.click('invite');
    assert.equal(await ann.page.getByTestId('everyone-link').inputValue(), link);
    await ann.page.keyboard.press('Escape');
  });

  it('leads two newcomers from a name through the lobby into the room, and one out again', async () => {
    const bob = await browser.page(link);
    assert.match(await text(bob, 'door'), /^Ann invites you to team/);
    const startedMs = performance.now();
    await bob.getByTestId('door-name').fill('Bob');
    await bob.getByTestId('ask-to-join').click();
    await bob.getByTestId('waiting-for').waitFor();
    assert.match(await text(bob, 'waiting-for'), /Someone will let you in soon/);
    assert.match(await text(ann.page, 'notice'), /^Bob is waiting to be let in/);
    await ann.click('notice-action');
    await inRoom(bob);
    assert.equal(await bob.title(), 'team – Canopy');
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < ENTRY_MS, `${tookMs} ms`);
    assert.ok(!bob.url().includes('join'), 'the secret is gone from the address');

    const [zoe, mal] = [await knock('Zoë'), await knock('Mal')];
    assert.match(await text(mal, 'waiting-for'), /1 person is ahead of you/);
    await ann.click('panel-people');
    const waiting = ann.page.getByTestId('waiting-person');
    await eventually(
      'both wait',
      () => waiting.count(),
      (count) => count === 2,
    );
    await waiting.filter({ hasText: 'Mal' }).getByTestId('deny').click();
    assert.match(await text(mal, 'problem'), /did not let you in/);
    assert.equal(await mal.getByTestId('problem').getAttribute('data-code'), 'LOBBY_DENIED');
    await waiting.filter({ hasText: 'Zoë' }).getByTestId('admit').click();
    await inRoom(zoe);
    await eventually(
      'three are in the room',
      () => ann.roster(),
      (roster) => roster.join() === 'Ann,Bob,Zoë',
    );
    await ann.page.getByTestId('panel-close').click();
    for (const page of [bob, zoe]) {
      await page.getByTestId('leave').click();
    }
    await mal.close();
  });

  it('a reload and a cut connection keep the place; cancelling gives it up', async () => {
    const page = await knock('Kim');
    await page.reload();
    await page.getByTestId('waiting-for').waitFor();
    await ann.click('panel-people');
    await ann.page.getByTestId('waiting-person').first().waitFor();
    assert.equal(await ann.page.getByTestId('waiting-person').count(), 1);
    await page.getByTestId('cancel-waiting').click();
    await ann.page.getByTestId('waiting-person').waitFor({ state: 'detached' });
    await page.getByTestId('ask-to-join').waitFor();
    assert.equal(await page.getByTestId('door-name').inputValue(), 'Kim');
    await ann.page.getByTestId('panel-close').click();
    await page.close();
  });

  it('everyone is let in when the lobby is turned off, also on a phone-sized screen', async () => {
    const page = await browser.page(link);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByTestId('door-name').fill('Mobile');
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(await overflow(), 0);
    await page.getByTestId('ask-to-join').click();
    await page.getByTestId('waiting-for').waitFor();
    assert.equal(await overflow(), 0);
    await ann.click('invite');
    await ann.page.getByTestId('lobby-mode').selectOption('off');
    await inRoom(page);
    assert.match(await text(ann.page, 'room-link-state'), /Anyone with this link can join/);
    const next = await browser.page(link);
    await next.getByTestId('door-name').fill('Next');
    assert.equal(await text(next, 'ask-to-join'), 'Join now');
    await next.getByTestId('ask-to-join').click();
    await inRoom(next);
    await ann.page.getByTestId('lobby-mode').selectOption('guests');
    await ann.page.keyboard.press('Escape');
    for (const guest of [page, next]) {
      await guest.getByTestId('leave').click();
    }
  });

  it('a withdrawn link ends the wait with a clear sentence, and a truncated one is told apart', async () => {
    const page = await knock('Late');
    await ann.click('invite');
    await ann.click('manage-link');
    await ann.click('withdraw-link');
    await page.getByTestId('closed-link').waitFor();
    assert.match(await text(page, 'problem'), /withdrawn or replaced.*LINK_WITHDRAWN/s);
    const again = await browser.page(link);
    assert.match(await text(again, 'closed-link'), /withdrawn or replaced/);
    await ann.click('create-link');
    await eventually(
      'there is a new link',
      () => ann.page.getByTestId('everyone-link').inputValue(),
      (value) => value !== link && value.includes('#/join/'),
    );
    await ann.page.keyboard.press('Escape');
    const cut = await browser.page(link.slice(0, -9));
    assert.match(await text(cut, 'damaged-link'), /Copy the whole link/);
    const dead = await browser.page(`${server.url}/#/room/team`);
    assert.match(await text(dead, 'no-identity'), /You cannot enter team yet.*link to the room/s);
  });
});
