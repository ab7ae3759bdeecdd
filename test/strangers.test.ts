import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

describe('a room’s address on a server with the policy tofu, on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ann: Person;

  before(async () => {
    server = await TestServer.start({ env: { CANOPY_IDENTITY_POLICY: 'tofu' } });
    browser = await TestBrowser.launch();
    ann = new Person(await browser.page(), 'Ann');
    await ann.enterByInvitation(server.firstInvitation, 'team');
  });
  after(async () => {
    await browser.close();
    await server.close();
    assert.deepEqual(browser.problems, []);
  });

  const text = async (page: Page, testId: string) =>
    ((await page.getByTestId(testId).first().textContent()) ?? '').trim();

  it('leads a newcomer from a name through the lobby into the room, where they are known the next time', async () => {
    const stan = await browser.page(`${server.url}/#/room/team`);
    assert.match(await text(stan, 'door'), /^Join team.*decides whether to let you in/s);
    await stan.getByTestId('have-account').click();
    assert.match(await text(stan, 'no-identity'), /ask to join team as a guest/);
    await stan.getByTestId('ask-as-guest').click();
    await stan.getByTestId('door-name').fill('Stan');
    await assertAccessible(stan, { what: 'the door' });
    await stan.getByTestId('ask-to-join').click();
    await stan.getByTestId('waiting-for').waitFor();
    assert.match(await text(stan, 'waiting-for'), /check the address/);
    await stan.reload();
    await stan.getByTestId('waiting-for').waitFor();
    await ann.click('panel-people');
    assert.match(await text(ann.page, 'waiting-person'), /^StanGuest, not invited ·/);
    await ann.page.getByTestId('admit').click();
    await stan.getByTestId('room-view').waitFor();
    await eventually(
      'both are in the room',
      () => ann.roster(),
      (roster) => roster.join() === 'Ann,Stan',
    );
    assert.equal(await ann.page.getByTestId('waiting-person').count(), 0);

    await stan.getByTestId('leave').click();
    await stan.goto(`${server.url}/#/room/other`);
    await stan.reload();
    assert.equal(await text(stan, 'identity-name'), 'Stan');
    await stan.getByTestId('join').click();
    await stan.getByTestId('waiting-for').waitFor();
    await stan.goto(`${server.url}/#/room/team`);
    await stan.getByTestId('join').click();
    await stan.getByTestId('room-view').waitFor();
  });
});
