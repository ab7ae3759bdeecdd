import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { ClipTrack } from '../../client/node/index.ts';
import { TestBrowser } from '../support/browser.ts';
import { flashAndBeep } from '../support/flash-clip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { compositorPid } from '../support/live-processes.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const PATIENCE_MS = 90_000;
const HLS_JS = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'));

/** The parts of hls.js that the test uses. */
interface HlsPlayer {
  loadSource(url: string): void;
  attachMedia(video: HTMLVideoElement): void;
  on(event: string, listener: (event: string, data: { fatal: boolean; details: string }) => void): void;
}
declare global {
  interface Window {
    Hls: new () => HlsPlayer;
    fatal: string[];
  }
}

/** Plays a playlist with hls.js, on a page of another site. */
async function play(page: Page, site: Server, playlist: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
  await page.addScriptTag({ path: HLS_JS });
  await page.evaluate((url) => {
    const hls = new window.Hls();
    window.fatal = [];
    hls.on('hlsError', (_event, { fatal, details }) => fatal && window.fatal.push(details));
    hls.loadSource(url);
    hls.attachMedia(document.querySelector('video') as HTMLVideoElement);
  }, playlist);
}

/** What the viewer's video shows: its position in seconds, its lines, and the brightness of its middle. */
function shown(page: Page): Promise<{ time: number; lines: number; grey: number; fatal: string[] }> {
  return page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    const { videoWidth: width, videoHeight: height, currentTime: time } = video;
    if (width > 0) {
      context.drawImage(video, width / 4, height / 4, width / 2, height / 2, 0, 0, 1, 1);
    }
    const [grey = 0] = context.getImageData(0, 0, 1, 1).data;
    return { time, lines: height, grey, fatal: window.fatal };
  });
}

describe('live streams on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let site: Server;
  let ann: Person;
  let bob: HeadlessPerson;

  before(async () => {
    server = await TestServer.start({
      env: { CANOPY_LIVE_HLS: 'true', CANOPY_LIVE_HEIGHT: '240' },
      flags: ['--workers', '1'],
    });
    browser = await TestBrowser.launch();
    site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><video muted autoplay width="320"></video>');
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    ann = new Person(await browser.page(), 'Ann');
    await ann.enterByInvitation(await server.invite({ role: 'member', roomId: ROOM }), ROOM);
    // Only Bob is seen, so that his flash is in the middle.
    await ann.click('camera');
    bob = await HeadlessPerson.enter(server, ROOM);
    const { flash, beep } = await flashAndBeep();
    await bob.room.publish(new ClipTrack({ clips: [flash] }), { codec: 'vp8' });
    await bob.room.publish(new ClipTrack({ clips: [beep] }), { source: 'microphone' });
  });
  after(async () => {
    await bob?.leave();
    await browser?.close();
    site?.close();
    await server?.close();
  });

  it('are shown as long as they run, and hls.js plays them on other sites, also past a crash', async () => {
    await ann.click('more');
    await ann.click('go-live');
    await ann.click('live-submit');
    const link = ann.page.getByTestId('live-link');
    await link.waitFor({ timeout: PATIENCE_MS });
    const path = await link.getAttribute('href');
    assert.equal(path, bob.room.live.running?.path);
    const viewer = await browser.page();
    await play(viewer, site, new URL(path ?? '', server.url).href);
    const playsPast = (seconds: number) =>
      eventually(
        `it plays past ${seconds} s`,
        () => shown(viewer),
        ({ time }) => time > seconds,
        PATIENCE_MS,
      );
    assert.equal((await playsPast(3)).lines, 240);
    await eventually(
      'a flash',
      () => shown(viewer),
      ({ grey }) => grey > 200,
      PATIENCE_MS,
    );
    await eventually(
      'the dark after it',
      () => shown(viewer),
      ({ grey }) => grey < 50,
      PATIENCE_MS,
    );
    process.kill(await compositorPid(server), 'SIGKILL');
    const sign = ann.page.getByTestId('live');
    await eventually('the sign says so', async () => (await sign.getAttribute('data-flowing')) === 'false');
    await eventually(
      'it flows again',
      async () => (await sign.getAttribute('data-flowing')) === 'true',
      Boolean,
      PATIENCE_MS,
    );
    // More than was loaded before the crash.
    const { fatal } = await playsPast((await shown(viewer)).time + 20);
    assert.deepEqual(fatal, []);
    await bob.room.live.stop();
    await ann.page.getByText('stopped the live stream').waitFor();
    await eventually(
      'the sign is gone',
      () => sign.count(),
      (count) => count === 0,
    );
  });
});
