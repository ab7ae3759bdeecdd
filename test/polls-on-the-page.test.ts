import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { InProcessServer } from './support/in-process-server.ts';
import { Person } from './support/person.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('polls on the page', () => {
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
    bob = await enter('Боб <b>x</b>', await server.invite());
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
  const counts = (page: Page) => page.getByTestId('poll-count').allTextContents();
  const shows = (page: Page, expected: string[]) =>
    eventually(
      'the votes are shown',
      () => counts(page),
      (shown) => shown.join() === expected.join(),
    );
  it('somebody asks everyone, by keyboard', async () => {
    await ada.keyboard.press('o');
    await ada.getByTestId('poll-new').waitFor();
    await ada.getByTestId('poll-new').click();
    await ada.getByTestId('poll-question').fill('Where shall we have lunch today?');
    await ada.getByTestId('poll-question').press('Tab');
    for (const answer of ['Soup kitchen', 'Салат-бар', 'Bread']) {
      await ada.keyboard.type(answer);
      await ada.keyboard.press('Enter');
    }
    await assertAccessible(ada, { within: '[data-testid=panel]' });
    await ada.getByTestId('poll-ask').click();
    await shows(ada, ['0 votes · 0%', '0 votes · 0%', '0 votes · 0%']);
  });

  it('the others are told, and vote with the keyboard or a finger', async () => {
    const notice = bob.getByTestId('notice').filter({ hasText: 'Ada asks: Where shall we' });
    await notice.waitFor();
    assert.equal(await bob.getByTestId('panel-polls').getAttribute('aria-label'), 'Polls, 1 poll to answer');
    await notice.getByTestId('notice-action').click();
    await bob.getByRole('radiogroup', { name: 'Where shall we have lunch today?' }).waitFor();
    await bob.getByTestId('poll-answer').first().focus();
    await bob.keyboard.press('ArrowDown');
    assert.equal(
      await bob.evaluate(() => document.activeElement?.closest('label')?.textContent),
      'Салат-бар0 votes · 0%',
    );
    await bob.keyboard.press('Enter');
    await bob.getByTestId('poll-voted').waitFor();
    assert.equal(await notice.count(), 0);
    assert.equal(await bob.getByTestId('panel-polls').getAttribute('aria-label'), 'Polls');
    await gus.getByTestId('notice-action').click();
    await gus.getByRole('radiogroup').getByText('Soup kitchen').click();
    await gus.getByTestId('poll-vote').click();
    await shows(ada, ['1 vote · 50%', '1 vote · 50%', '0 votes · 0%']);
    await shows(gus, ['1 vote · 50%', '1 vote · 50%', '0 votes · 0%']);
    const width = await gus.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${width} px`);
    // Bob thinks again.
    await bob.getByTestId('poll-answer').first().check();
    await bob.getByTestId('poll-vote').click();
    await shows(ada, ['2 votes · 100%', '0 votes · 0%', '0 votes · 0%']);
  });

  it('names are shown, and the results stay when the poll is closed', async () => {
    await ada.getByTestId('poll-names').locator('summary').click();
    await eventually(
      'the names of those who voted',
      () => ada.getByTestId('poll-names').locator('bdi').allTextContents(),
      (names) => names.toSorted().join() === 'Gus,Боб <b>x</b>',
    );
    await ada.getByTestId('panel-close').click();
    await gus.getByTestId('panel-close').click();
    await ada.keyboard.press('o');
    await ada.getByTestId('poll-close').click();
    await gus.getByTestId('notice').filter({ hasText: 'Poll closed' }).waitFor();
    await gus.getByTestId('notice-action').click();
    await shows(gus, ['2 votes · 100%', '0 votes · 0%', '0 votes · 0%']);
    for (const page of [ada, bob, gus]) {
      await page.getByTestId('poll-answer').waitFor({ state: 'detached' });
      await assertAccessible(page, { within: '[data-testid=panel]' });
    }
    const saved = ada.waitForEvent('download');
    await ada.getByTestId('poll-menu').click();
    await ada.getByTestId('poll-save').click();
    assert.equal((await saved).suggestedFilename(), 'poll.csv');
    assert.equal(await gus.getByTestId('poll-new').count(), 0);
  });

  it('an anonymous draft with several answers is kept for moderators until it is asked', async () => {
    await ada.getByTestId('poll-new').click();
    await ada.getByTestId('poll-question').fill('What should we talk about?');
    for (const [index, answer] of ['Plans', 'Money'].entries()) {
      await ada.getByTestId('poll-answer-text').nth(index).fill(answer);
    }
    await ada.getByTestId('poll-multiple').check();
    await ada.getByTestId('poll-anonymous').check();
    await ada.getByTestId('poll-results').selectOption('voted');
    await ada.getByTestId('poll-duration').selectOption('5');
    await ada.getByTestId('poll-save-draft').click();
    await bob.getByTestId('poll-open').click();
    const poll = gus.getByTestId('poll').filter({ hasText: 'What should we' });
    await poll.getByText('You will see the results after you have voted.').waitFor();
    assert.match((await poll.getByRole('timer').textContent()) ?? '', /^Closes in [45]:\d\d$/);
    for (const index of [0, 1]) {
      await poll.getByTestId('poll-answer').nth(index).check();
    }
    await poll.getByTestId('poll-vote').click();
    await poll.getByText('1 person voted').waitFor();
    assert.deepEqual(await poll.getByTestId('poll-count').allTextContents(), [
      '1 vote · 100%',
      '1 vote · 100%',
    ]);
    assert.equal(await poll.getByTestId('poll-names').count(), 0);
    const others = bob.getByTestId('poll').filter({ hasText: 'What should we' });
    await others.getByTestId('poll-menu').click();
    await bob.getByTestId('poll-delete').click();
    await bob.getByTestId('poll-delete-now').click();
    await poll.waitFor({ state: 'detached' });
  });

  it('nothing on the pages went wrong', () => {
    assert.deepEqual(browser.problems, []);
  });
});
