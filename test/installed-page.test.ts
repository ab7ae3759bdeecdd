import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CDPSession, Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

interface Shown {
  title: string;
  body: string;
  tag: string;
}

describe('the installed page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let page: Page;
  let session: CDPSession;
  let registrationId = '';

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    page = await browser.page(await server.invite());
    await page.context().grantPermissions(['notifications'], { origin: server.url });
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('enrol').click();
    await page.getByTestId('home').waitFor();
    session = await page.context().newCDPSession(page);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  /** Plays the push service: no real one can be reached from a test. */
  const push = (notice: object) =>
    session.send('ServiceWorker.deliverPushMessage', {
      origin: server.url,
      registrationId,
      data: JSON.stringify(notice),
    });
  const shown = (): Promise<Shown[]> =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag }));
    });

  it('can be installed', async () => {
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // The browser of the tests has no profile of its own.
    const errors = installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito');
    assert.deepEqual(errors, []);
  });

  it('notifies of calls, missed calls and mentions in the chosen language, unless it is seen', async () => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      registrationId = registrations[0]?.registrationId ?? registrationId;
    });
    await session.send('ServiceWorker.enable');
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('service-worker.js?lang=ru');
      await navigator.serviceWorker.ready;
    });
    await eventually('the service worker is registered', () => registrationId);

    await push({ kind: 'call', from: 'Olga' });
    assert.deepEqual(await shown(), []);

    // Headless pages are always visible, so the service worker is asked while the page is another site's.
    const scope = page.url();
    await page.goto('about:blank');
    await push({ kind: 'call', from: 'Olga' });
    await push({ kind: 'mention', from: 'Иван', roomId: 'team', roomTitle: 'Планёрка' });
    await push({ kind: 'missed-call', from: 'Olga' });
    await page.goto(scope);
    await eventually(
      'both notifications are shown',
      async () => (await shown()).sort((a, b) => a.tag.localeCompare(b.tag)),
      (list) =>
        JSON.stringify(list) ===
        JSON.stringify([
          { title: 'Пропущенный звонок: Olga', body: '', tag: 'call Olga' },
          { title: 'Вас упоминает Иван', body: 'В чате комнаты «Планёрка»', tag: 'mention team' },
        ]),
    );
  });
});
