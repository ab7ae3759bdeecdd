import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from '../support/accessibility.ts';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';
import { type HeardVoice, TranscriptionService } from '../support/transcription-service.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';

describe('captions on the page', () => {
  let service: TranscriptionService;
  let server: TestServer;
  let browser: TestBrowser;
  let ada: Page;
  /** On a phone. */
  let bob: Page;

  before(async () => {
    service = await TranscriptionService.start();
    server = await TestServer.start({ env: { CANOPY_CAPTIONS_URL: service.url } });
    browser = await TestBrowser.launch();
    ada = await enter('Ada');
    bob = await enter('Bob');
    await bob.setViewportSize({ width: 360, height: 720 });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await service?.close();
  });

  async function enter(name: string): Promise<Page> {
    const page = await browser.page();
    const link = await server.invite({ role: 'member', roomId: ROOM });
    await new Person(page, name).enterByInvitation(link, ROOM);
    return page;
  }
  const choose = async (page: Page, item: string) => {
    await page.getByTestId('more').click();
    await page.getByTestId(item).click();
  };
  const notice = (page: Page, text: string) =>
    page.getByTestId('notice').filter({ hasText: text }).first().waitFor();
  const voiceOf = (name: string) =>
    eventually('the service hears the voice', () =>
      service.voices.findLast(({ start, isOpen }) => isOpen && start?.displayName === name),
    ) as Promise<HeardVoice>;
  const reads = (page: Page, text: string) =>
    page.getByTestId('captions').getByText(text, { exact: true }).waitFor();

  it('a member starts them, everyone is notified, and what people say appears over the pictures', async () => {
    await choose(ada, 'caption');
    await Promise.all([
      notice(bob, 'Ada started captions: voices are sent to a transcription service.'),
      bob.getByTestId('captions-sign').waitFor(),
      ada.getByTestId('captions-sign').waitFor(),
    ]);
    const voice = await voiceOf('Ada');
    voice.caption('Shall we', false);
    await reads(bob, 'Shall we');
    voice.caption('Shall we begin?', true);
    await Promise.all([reads(ada, 'Shall we begin?'), reads(bob, 'Shall we begin?')]);
    assert.equal(await bob.getByTestId('captions').locator('p').count(), 1, 'a text replaces the one before');
    assert.equal(await bob.getByTestId('captions').locator('b').textContent(), 'Ada');
    await assertAccessible(bob);
  });

  it('each may hide and show them', async () => {
    await choose(bob, 'hide-captions');
    await bob.getByTestId('captions').waitFor({ state: 'detached' });
    assert.equal(await ada.getByTestId('captions').count(), 1);
    await choose(bob, 'hide-captions');
    await bob.getByTestId('captions').waitFor({ state: 'attached' });
  });

  it('they go when somebody stops them', async () => {
    (await voiceOf('Ada')).caption('One more thing.', true);
    await reads(bob, 'One more thing.');
    await choose(bob, 'caption');
    await notice(ada, 'Bob stopped captions.');
    for (const page of [ada, bob]) {
      await page.getByTestId('captions-sign').waitFor({ state: 'detached' });
      await page.getByTestId('captions').waitFor({ state: 'detached' });
    }
  });
});
