import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { bundleOnSdk, openWithBundles } from './support/sdk-bundle.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const DOCUMENT = new URL('../docs/sdk.md', import.meta.url);
describe('the example of docs/sdk.md', () => {
  let dir: string;
  let server: TestServer;
  let browser: TestBrowser;
  let example: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'canopy-example-'));
    const [, block] = /```js\n([\s\S]*?)```/.exec(await readFile(DOCUMENT, 'utf8')) ?? [];
    assert.ok(block, 'docs/sdk.md has a block of JavaScript');
    example = block;
    [server, browser] = await Promise.all([TestServer.start(), TestBrowser.launch()]);
  });

  after(async () => {
    await browser.close();
    await server.close();
    await rm(dir, { recursive: true });
  });

  /** Runs the bundled example on a page of the server's origin, as one person. */
  async function open(invitation: string): Promise<Page> {
    const page = await browser.page();
    await openWithBundles(page, dir, invitation);
    await page.evaluate(() => import('/example/example.js' as string));
    return page;
  }

  const playing = (page: Page) =>
    page.evaluate(() => ({
      frames: document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
      sounds: [...document.querySelectorAll('audio')].filter(({ paused }) => !paused).length,
    }));

  it('has at most 20 lines of code', () => {
    const lines = example.split('\n').filter((line) => line.trim() !== '');
    assert.ok(lines.length <= 20, `${lines.length} lines`);
  });

  it('connects two people exactly as written', async () => {
    await bundleOnSdk(dir, example, 'example.js');
    const first = await open(server.firstInvitation);
    const second = await open(await server.invite({ role: 'member' }));
    for (const page of [first, second]) {
      await eventually(
        'the other is seen and heard',
        () => playing(page),
        ({ frames, sounds }) => frames >= 10 && sounds === 1,
        60_000,
      );
    }
    assert.deepEqual(browser.problems, []);
  });
});
