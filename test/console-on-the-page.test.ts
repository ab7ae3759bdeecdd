import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { newPerson, ProtocolClient } from './support/protocol-client.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('the console on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let admin: Page;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    browser = await TestBrowser.launch();
    admin = await enrolled('Ada', server.firstInvitation);
  });
  beforeEach(async () => {
    // A new page, since a test that failed may have left a dialog open.
    const context = admin.context();
    await admin.close();
    admin = await context.newPage();
    await admin.goto(server.url);
    await admin.getByTestId('console-link').click();
    await admin.getByTestId('overview').waitFor();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  const enrolled = async (name: string, link: string) => {
    const page = await browser.page(link);
    await page.getByTestId('name').fill(name);
    await page.getByTestId('enrol').click();
    await page.getByTestId('home').waitFor();
    return page;
  };
  const open = async (section: string) => {
    await admin.getByTestId(`section-${section}`).click();
    await admin.locator(`[data-testid="section-${section}"][aria-current]`).waitFor();
  };
  const entries = (list: string) => admin.getByTestId(list).getByTestId('entry');
  const focused = () =>
    admin.evaluate(() => {
      const { activeElement: element } = document;
      return (element as HTMLElement | null)?.dataset.testid ?? element?.tagName ?? '';
    });
  /** Waits until the question is open. A key that is pressed earlier does not reach it. */
  const questionOpens = async (action: string) => {
    await admin.getByTestId(`confirm-${action}`).waitFor();
    // The question is read first: a second Enter by mistake confirms nothing.
    await eventually('the question has the focus', focused, (now) => now === 'H2');
  };
  /** Answers the question that is open, with the keyboard. */
  const confirm = async (action: string) => {
    await questionOpens(action);
    await admin.keyboard.press('Tab');
    assert.equal(await focused(), `confirm-${action}`);
    await admin.keyboard.press('Enter');
    await admin.getByTestId(`confirm-${action}`).waitFor({ state: 'detached' });
  };
  const check = async (what: string) => {
    await assertAccessible(admin, { what });
    for (const width of [320, 768, 1280]) {
      await admin.setViewportSize({ width, height: 800 });
      assert.ok(
        await admin.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        `${what} at ${width}`,
      );
    }
  };

  it('shows administrators the state of the server', async () => {
    await admin.getByTestId('workers').getByTestId('entry').waitFor();
    assert.equal(await admin.getByTestId('workers').getByTestId('entry').count(), 1);
    assert.match(
      (await admin.getByTestId('disks').textContent()) ?? '',
      /Data: [\d.,]+ GB of [\d.,]+ GB free/,
    );
    assert.match((await admin.getByTestId('server').textContent()) ?? '', /SQLite/);
    await check('overview');
  });

  it('shows rooms with their people and why they receive what they do, and removes people', async () => {
    const [ann, bob] = await Promise.all([
      Person.invited(browser, server, 'Ann', ROOM),
      Person.invited(browser, server, 'Bob', ROOM),
    ]);
    await open('rooms');
    await entries('open-rooms').getByTestId('participant').nth(1).waitFor();
    await check('rooms');
    await admin.getByTestId('explain').focus();
    await admin.keyboard.press('Enter');
    const receiver = admin.getByTestId('receiver').filter({ hasText: 'Ann' }).first();
    await receiver.waitFor();
    await eventually(
      'Ann receives Bob’s camera',
      async () => (await admin.getByTestId('allocation').textContent()) ?? '',
      (text) => /Bob \(camera\)\d+ × \d+\d\/\d/.test(text.replaceAll(/\s+/g, ' ')),
    );
    await check('allocation');
    await admin.keyboard.press('Escape');
    await eventually('the button has the focus again', focused, (now) => now === 'explain');
    const participant = admin.getByTestId('participant').filter({ hasText: 'Bob' });
    await participant.getByTestId('remove').focus();
    await admin.keyboard.press('Enter');
    await confirm('remove');
    await participant.waitFor({ state: 'detached' });
    await bob.page.getByTestId('room-view').waitFor({ state: 'detached' });
    await admin.getByTestId('close-room').click();
    await questionOpens('close-room');
    // Escape takes nothing.
    await admin.keyboard.press('Escape');
    await admin.getByTestId('confirm-close-room').waitFor({ state: 'detached' });
    assert.equal(await entries('open-rooms').count(), 1);
    await admin.getByTestId('close-room').click();
    await confirm('close-room');
    await admin.getByTestId('close-room').waitFor({ state: 'detached' });
    await ann.page.getByTestId('room-view').waitFor({ state: 'detached' });
  });

  it('removes phones and withdraws invitations', async () => {
    await server.api('PUT', '/api/sip/phones/1001', { displayName: 'Reception' });
    await server.invite({ role: 'member', displayName: 'Eve' });
    await open('phones');
    await entries('phones').filter({ hasText: 'Reception' }).getByTestId('remove-phone').click();
    await check('phones');
    await confirm('remove-phone');
    await entries('phones').waitFor({ state: 'detached' });
    await open('invitations');
    await entries('invitations').filter({ hasText: 'Eve' }).getByTestId('withdraw').click();
    await confirm('withdraw');
    await entries('invitations').filter({ hasText: 'Eve' }).waitFor({ state: 'detached' });
    await check('invitations');
    await open('calls');
    await admin.getByTestId('past-calls').waitFor();
    await check('calls');
  });

  it('disables an account and enables it again, under the name of the administrator', async () => {
    const { identity } = await newPerson(server, { displayName: 'Max' });
    const client = await ProtocolClient.enter(server.url, identity);
    await open('accounts');
    await admin.getByTestId('filter').fill('max');
    const max = entries('accounts').filter({ hasText: 'Max' });
    await max.getByTestId('disable-account').click();
    await confirm('disable-account');
    await eventually('Max is out', () => !client.open);
    await max.getByTestId('enable-account').click();
    await confirm('enable-account');
    await max.getByTestId('disable-account').waitFor();
    (await ProtocolClient.enter(server.url, identity)).close();
    await check('accounts');
    await admin.getByTestId('filter').fill('Ada');
    const own = entries('accounts').filter({ hasText: 'Ada' });
    await own.waitFor();
    assert.equal(await own.getByTestId('disable-account').count(), 0);
    await open('audit');
    await admin.getByTestId('filter').fill('account.*');
    // Names are loaded meanwhile, and what was typed stays.
    await entries('audit').filter({ hasText: 'account Max' }).first().waitFor();
    assert.equal(await admin.getByTestId('filter').inputValue(), 'account.*');
    await admin.getByTestId('filter').press('Enter');
    await eventually(
      'both are in the audit log',
      () => entries('audit').allTextContents(),
      (texts) =>
        texts.length === 2 &&
        /account\.reinstate.*Account Ada/.test(texts[0] ?? '') &&
        /account\.revoke.*Account Ada/.test(texts[1] ?? ''),
    );
    await check('audit log');
  });

  it('asks for a new key when the connection was replaced', async () => {
    const keyOtherThan = async (before?: string) => {
      // The first request after the connection is replaced may still have the old key, and is refused.
      const answer = await admin.waitForResponse(
        (response) =>
          response.url().endsWith('/api/status') &&
          response.status() === 200 &&
          response.request().headers().authorization !== before,
      );
      return answer.request().headers().authorization;
    };
    const key = await keyOtherThan();
    const another = keyOtherThan(key);
    await admin.evaluate(() => dispatchEvent(new Event('online')));
    assert.notEqual(await another, key);
  });

  it('threat 5: shows nothing of it to anybody else', async () => {
    const member = await enrolled('Mia', await server.invite({ role: 'member' }));
    assert.equal(await member.getByTestId('console-link').count(), 0);
    const asked: string[] = [];
    member.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await member.goto(`${server.url}/#/console/accounts`);
    await member.reload();
    await member.getByTestId('not-admin').waitFor();
    assert.equal(await member.locator('nav').count(), 0);
    assert.deepEqual(
      asked.filter((path) => path.startsWith('/api/') && path !== '/api/server'),
      [],
    );
    await member.context().close();
  });
});
