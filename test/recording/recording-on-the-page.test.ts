import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from '../support/accessibility.ts';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';

const ROOM = 'team';

describe('a recording on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ada: Page;
  /** On a phone. */
  let bob: Page;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    ada = await enter('Ada');
    bob = await enter('Bob');
    await bob.setViewportSize({ width: 360, height: 720 });
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function enter(name: string, role: 'member' | 'guest' = 'member'): Promise<Page> {
    const page = await browser.page();
    const link = await server.invite({ role, roomId: ROOM });
    await new Person(page, name).enterByInvitation(link, ROOM);
    return page;
  }
  const choose = async (page: Page, item: string) => {
    await page.getByTestId('more').click();
    await page.getByTestId(item).click();
  };
  const sign = (page: Page, status: string) =>
    page.locator(`[data-testid=recording][data-status=${status}]`).waitFor();
  const notice = (page: Page, text: string) =>
    page.getByTestId('notice').filter({ hasText: text }).first().waitFor();

  it('everyone sees that it runs, pauses and ends, and who did that', async () => {
    await choose(ada, 'record');
    await Promise.all([sign(ada, 'recording'), sign(bob, 'recording')]);
    await notice(bob, 'Ada is recording this call.');
    await assertAccessible(bob);
    await choose(ada, 'record-pause');
    await Promise.all([sign(bob, 'paused'), notice(bob, 'Ada paused the recording.')]);
    await choose(ada, 'record-pause');
    await Promise.all([sign(bob, 'recording'), notice(bob, 'Ada resumed the recording.')]);
  });

  it('newcomers are notified while it runs, and guests cannot end it', async () => {
    const gus = await enter('Gus', 'guest');
    await Promise.all([sign(gus, 'recording'), notice(gus, 'This call is being recorded.')]);
    await gus.getByTestId('more').click();
    assert.equal(await gus.getByTestId('record').count(), 0);
    await gus.close();
  });

  it('the sign goes when somebody ends it', async () => {
    await choose(bob, 'record');
    await notice(ada, 'Bob stopped the recording.');
    await Promise.all([ada, bob].map((page) => page.getByTestId('recording').waitFor({ state: 'detached' })));
  });
});
