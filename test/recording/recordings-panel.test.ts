import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { RecordedTrack } from '../../contract/index.ts';
import { assertAccessible } from '../support/accessibility.ts';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';

describe('recordings on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ada: Page;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    ada = await enter('Ada');
    await record(ada);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function enter(name: string, role: 'member' | 'guest' = 'member'): Promise<Page> {
    const page = await browser.page();
    await new Person(page, name).enterByInvitation(await server.invite({ role, roomId: ROOM }), ROOM);
    return page;
  }
  const choose = async (page: Page, item: string) => {
    await page.getByTestId('more').click();
    await page.getByTestId(item).click();
  };
  /** Records a few seconds of the call, in which something is written. */
  async function record(page: Page): Promise<void> {
    await choose(page, 'record');
    await page.locator('[data-testid=recording][data-status=recording]').waitFor();
    await page.keyboard.press('c');
    await page.getByTestId('chat-input').fill('Noted');
    await page.keyboard.press('Enter');
    await page.getByTestId('chat-text').filter({ hasText: 'Noted' }).waitFor();
    await page.keyboard.press('c');
    await eventually(
      'enough is recorded',
      async () => (await list())[0]?.durationMs ?? 0,
      (lengthMs) => lengthMs > 8000,
      60_000,
    );
    await choose(page, 'panel-recordings');
    await page.locator('[data-testid=recording-card][data-status=recording]').waitFor();
    await choose(page, 'record');
    await page.getByTestId('recording').waitFor({ state: 'detached' });
    // The panel shows the end by itself.
    await page.locator('[data-testid=recording-card][data-status=ended]').waitFor();
    await choose(page, 'panel-recordings');
    await page.getByTestId('recording-card').waitFor({ state: 'detached' });
  }
  const list = async () =>
    (
      await server.api<{ recordings: Array<{ recordingId: string; durationMs: number; people: string[] }> }>(
        'GET',
        `/api/rooms/${ROOM}/recordings`,
      )
    ).recordings;
  const card = () => ada.getByTestId('recording-card');

  it('the panel lists them with people, length and size', async () => {
    await choose(ada, 'panel-recordings');
    await card().waitFor();
    assert.equal(await card().count(), 1);
    assert.match((await card().textContent()) ?? '', /Ada/);
    assert.match((await ada.getByTestId('recording-length').textContent()) ?? '', /^0:\d\d$/);
    await assertAccessible(ada);
  });

  it('all tracks play together beside the chat, by keyboard too, and can be sought in and sped up', async () => {
    await ada.getByTestId('recording-play').focus();
    await ada.keyboard.press('Enter');
    const player = ada.getByTestId('player');
    await ada.getByTestId('player-toggle').waitFor();
    await assertAccessible(ada, { within: '[data-testid=player]' });
    await ada.getByTestId('player-toggle').focus();
    await ada.keyboard.press('Enter');
    const played = () =>
      player
        .locator('video, audio')
        .evaluateAll((elements) =>
          (elements as HTMLMediaElement[]).map(({ src, currentTime }) => ({ src, currentTime })),
        );
    await eventually(
      'every track plays',
      played,
      (all) => all.length >= 2 && all.every(({ currentTime }) => currentTime > 2),
      30_000,
    );
    // The position in the recording of what each track plays: one may begin later than the other.
    const { tracks } = await server.api<{ tracks: RecordedTrack[] }>(
      'GET',
      `/api/rooms/${ROOM}/recordings/${(await list())[0]?.recordingId}`,
    );
    const [first = 0, second = 0] = (await played()).map(
      ({ src, currentTime }) =>
        currentTime + (tracks.find(({ file }) => src.includes(file))?.offsetMs ?? Number.NaN) / 1000,
    );
    assert.ok(Math.abs(first - second) < 1, `${first} s and ${second} s`);
    const picture = await player.locator('video').evaluate((video) => (video as HTMLVideoElement).videoWidth);
    assert.ok(picture > 0);
    await ada.getByTestId('player-speed').selectOption('2');
    const rates = await player
      .locator('video, audio')
      .evaluateAll((elements) => (elements as HTMLMediaElement[]).map(({ playbackRate }) => playbackRate));
    assert.deepEqual([...new Set(rates)], [2]);
    await ada.getByTestId('player-position').fill('1');
    await eventually('it goes back', played, (all) => all.every(({ currentTime }) => currentTime < 6));
    const written = ada.getByTestId('player-message');
    assert.match((await written.textContent()) ?? '', /Ada\d:\d\dNoted/);
    await ada.getByTestId('player-position').fill('0');
    await eventually(
      'the message is still to come',
      () => written.getAttribute('data-later'),
      (later) => later === 'true',
    );
    await written.click();
    await eventually(
      'it plays from there',
      () => written.getAttribute('aria-current'),
      (now) => now === 'true',
    );
    await ada.keyboard.press('Escape');
    await player.waitFor({ state: 'detached' });
    assert.equal(
      await ada.evaluate(() => document.activeElement?.getAttribute('data-testid')),
      'recording-play',
    );
  });

  it('a video is made of it, and then “Play” plays that, and seeks in it', async () => {
    await ada.getByTestId('recording-actions').click();
    await ada.getByTestId('recording-compose').click();
    await assertAccessible(ada, { within: 'dialog' });
    await ada.getByTestId('compose-layout').selectOption('gallery');
    await ada.getByTestId('compose-now').click();
    // It waits for everything else on the machine.
    await ada.locator('[data-testid=composition][data-status=done]').waitFor({ timeout: 300_000 });
    await assertAccessible(ada);
    await ada.getByTestId('recording-play').click();
    await ada.getByTestId('player-toggle').click();
    const video = ada.getByTestId('player').locator('video');
    const at = () => video.evaluate((element) => (element as HTMLVideoElement).currentTime);
    await eventually('it plays', at, (seconds) => seconds > 1, 30_000);
    assert.equal(await ada.getByTestId('player').locator('video, audio').count(), 1);
    const size = await video.evaluate((element) => (element as HTMLVideoElement).videoHeight);
    assert.equal(size, 720);
    await ada.getByTestId('player-position').fill('6');
    await eventually('it goes there', at, (seconds) => seconds >= 6, 30_000);
    await ada.keyboard.press('Escape');
    await ada.getByTestId('player').waitFor({ state: 'detached' });
  });

  it('everything is downloaded as one file', async () => {
    await ada.getByTestId('recording-actions').click();
    const [download] = await Promise.all([
      ada.waitForEvent('download'),
      ada.getByTestId('recording-download').click(),
    ]);
    assert.equal(download.suggestedFilename(), 'recording.zip');
    assert.equal(await download.failure(), null);
  });

  it('a link shows it to people without an account, until it is withdrawn', async () => {
    await ada.getByTestId('recording-actions').click();
    await ada.getByTestId('recording-share').click();
    await assertAccessible(ada, { within: 'dialog' });
    await ada.getByTestId('share-create').click();
    const link = await ada.getByTestId('share-link').inputValue();
    await ada.getByTestId('share-row').waitFor();
    const visitor = await browser.page();
    const statuses = new Set<number>();
    visitor.on('response', (response) => {
      if (response.url().includes('/compositions/')) {
        statuses.add(response.status());
      }
    });
    const elements = visitor.locator('video, audio');
    const times = () =>
      elements.evaluateAll((all) => (all as HTMLMediaElement[]).map(({ currentTime }) => currentTime));
    await visitor.goto(link);
    await visitor.getByTestId('player-toggle').click();
    await eventually('the video plays', times, ([at = 0, ...more]) => at > 0.5 && more.length === 0, 30_000);
    assert.equal(await elements.evaluate((video) => (video as HTMLVideoElement).videoHeight), 720);
    await visitor.getByTestId('player-speed').selectOption('2');
    assert.equal(await elements.evaluate((video) => (video as HTMLVideoElement).playbackRate), 2);
    await visitor.getByTestId('player-position').fill('6');
    await eventually('it goes there', times, ([at = 0]) => at >= 6, 30_000);
    assert.deepEqual([...statuses], [206]);
    assert.equal(await visitor.getByTestId('player-chat').count(), 0);
    await assertAccessible(visitor);
    // Without a video, all tracks play together.
    await ada.keyboard.press('Escape');
    await ada.getByTestId('composition-delete').click();
    await ada.getByTestId('composition').waitFor({ state: 'detached' });
    await visitor.reload();
    await visitor.getByTestId('player-toggle').click();
    await eventually(
      'every track plays',
      times,
      (all) => all.length >= 2 && all.every((at) => at > 0.5),
      30_000,
    );
    await ada.getByTestId('recording-actions').click();
    await ada.getByTestId('recording-share').click();
    await ada.getByTestId('share-withdraw').click();
    await ada.getByTestId('share-row').waitFor({ state: 'detached' });
    await ada.keyboard.press('Escape');
    await visitor.reload();
    await visitor.getByTestId('shared-recording-problem').waitFor();
    await visitor.close();
  });

  it('guests have no such panel', async () => {
    const gus = await enter('Gus', 'guest');
    await gus.getByTestId('more').click();
    await gus.getByTestId('panel-settings').waitFor();
    assert.equal(await gus.getByTestId('panel-recordings').count(), 0);
    await gus.close();
  });

  it('the home page lists it, and plays it', async () => {
    await ada.getByTestId('leave').click();
    await ada.getByTestId('home-link').first().click();
    const list = ada.getByTestId('list-recordings');
    await list.getByTestId('recording-card').waitFor();
    assert.match((await list.textContent()) ?? '', new RegExp(`${ROOM}.*Ada`));
    await assertAccessible(ada);
    await list.getByTestId('recording-play').click();
    await ada.getByTestId('player-toggle').click();
    await eventually(
      'it plays',
      () =>
        ada
          .getByTestId('player')
          .locator('video, audio')
          .evaluateAll((all) => (all as HTMLMediaElement[]).map(({ currentTime }) => currentTime)),
      (times) => times.length >= 2 && times.every((at) => at > 0.5),
      30_000,
    );
    await ada.keyboard.press('Escape');
    await ada.getByTestId('player').waitFor({ state: 'detached' });
  });

  it('one is deleted after a question', async () => {
    await ada.getByTestId('recording-actions').click();
    await ada.getByTestId('recording-delete').click();
    await assertAccessible(ada, { within: 'dialog' });
    await ada.getByTestId('recording-delete-now').click();
    await card().waitFor({ state: 'detached' });
    assert.deepEqual(await list(), []);
  });
});
