import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { freePort } from './support/programs.ts';
import { TestServer } from './support/server.ts';
import { SignOnProvider } from './support/sign-on-provider.ts';

/** Where to put pictures of the screens, for people who look at them. */
const { PICTURES } = process.env;

describe('single sign-on, on the page', () => {
  let provider: SignOnProvider;
  let server: TestServer;
  let browser: TestBrowser;

  before(async () => {
    const port = await freePort();
    provider = await SignOnProvider.start(`http://localhost:${port}`);
    provider.people.set('ann', { name: 'Ann Lee' });
    provider.people.set('bob', { name: 'Bob' });
    const { issuer, clientId, clientSecret } = provider;
    server = await TestServer.start({
      flags: ['--port', `${port}`],
      env: {
        CANOPY_OIDC_ISSUER: issuer,
        CANOPY_OIDC_CLIENT_ID: clientId,
        CANOPY_OIDC_CLIENT_SECRET: clientSecret,
        CANOPY_OIDC_LABEL: 'Example ID',
      },
    });
    browser = await TestBrowser.launch();
  });
  after(async () => {
    await browser.close();
    await server.close();
    await provider.close();
    assert.deepEqual(browser.problems, []);
  });

  const picture = async (page: Page, name: string) => {
    if (PICTURES === undefined) {
      return;
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [360, 1280]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}-${width}.png` });
      }
    }
  };
  const atProvider = async (page: Page, login: string, button = 'Sign on') => {
    await page.getByLabel('Login').fill(login);
    await page.getByRole('button', { name: button }).click();
  };
  const joined = async (page: Page) => {
    await page.getByTestId('join').click();
    await page.getByTestId('room-view').waitFor();
  };

  it('leads from the address of a room over the provider into the room, under the name known there', async () => {
    const page = await browser.page(`${server.url}/#/room/team`);
    const button = page.getByTestId('sign-on');
    assert.equal(await button.textContent(), 'Continue with Example ID');
    assert.match(
      (await page.getByTestId('no-identity').textContent()) ?? '',
      /To enter team, continue with Example ID/,
    );
    await picture(page, 'welcome');
    await button.click();
    await atProvider(page, 'ann');
    await page.getByTestId('join').waitFor();
    assert.equal(page.url(), `${server.url}/#/room/team`);
    assert.equal(await page.getByTestId('display-name').inputValue(), 'Ann Lee');
    await joined(page);
    await page.goto(`${server.url}/#/`);
    await page.context().close();
  });

  it('says what happened to somebody who cancels, and lets them try again without losing the way', async () => {
    const page = await browser.page(`${server.url}/#/room/team`);
    await page.getByTestId('sign-on').click();
    await atProvider(page, 'bob', 'Cancel');
    assert.equal(await page.getByTestId('problem').getAttribute('data-code'), 'SIGN_ON_CANCELLED');
    await picture(page, 'cancelled');
    await page.getByTestId('sign-on').click();
    await atProvider(page, 'bob');
    await page.getByTestId('join').waitFor();
    assert.equal(page.url(), `${server.url}/#/room/team`);
    await page.context().close();
  });

  it('asks somebody who has an account elsewhere; starting over moves it here', async () => {
    const page = await browser.page(server.url);
    await page.getByTestId('sign-on').click();
    await atProvider(page, 'bob');
    await page.getByTestId('start-over').waitFor();
    assert.match((await page.getByTestId('signed-on').textContent()) ?? '', /belongs to Bob/);
    await picture(page, 'known');
    await page.getByTestId('start-over').click();
    await page.getByTestId('home').waitFor();
    await page.context().close();
  });

  it('offers it to a newcomer with a room link too, and comes back to the link', async () => {
    const { url } = (await server.api('POST', '/api/rooms/team/links', {})) as { url: string };
    const page = await browser.page(url);
    await page.getByTestId('door').waitFor();
    await picture(page, 'door');
    provider.people.set('kim', { name: 'Kim' });
    await page.getByTestId('sign-on').click();
    await atProvider(page, 'kim');
    await page.getByTestId('door').waitFor();
    assert.match((await page.getByTestId('door').textContent()) ?? '', /Kim/);
    await page.getByTestId('ask-to-join').click();
    await page.getByTestId('room-view').waitFor();
  });
});
