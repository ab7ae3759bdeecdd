import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { drag, transferOf } from './support/call-steps.ts';
import { InProcessServer } from './support/in-process-server.ts';
import { Person } from './support/person.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';
const REPORT = randomBytes(3_000_000);

describe('files on the page', () => {
  let server: InProcessServer;
  let browser: TestBrowser;
  let ann: Page;
  /** On a phone. */
  let bob: Page;

  before(async () => {
    server = await InProcessServer.start({ 'limits.fileBytes': 4_000_000, 'limits.diskFloorBytes': 0 });
    browser = await TestBrowser.launch();
    ann = await enter('Ann Lee');
    bob = await enter('Боб');
    await bob.setViewportSize({ width: 360, height: 720 });
    await bob.getByTestId('panel-chat').click();
    await bob.getByTestId('chat-list').waitFor();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function enter(name: string): Promise<Page> {
    const page = await browser.page();
    await new Person(page, name).enterByInvitation(await server.invite(), ROOM);
    return page;
  }
  const onDisk = () => readdirSync(join(server.dataDir, 'files'));
  const isAxeClean = async (page: Page) => {
    const isDialog = (await page.locator('dialog[open]').count()) > 0;
    await assertAccessible(page, { within: isDialog ? 'dialog[open]' : '[data-testid=panel]' });
  };

  it('files are dropped on the call, uploaded, and sent with a text', async () => {
    const files = [{ name: 'Закат.png' }, { name: 'report.bin', base64: REPORT.toString('base64') }];
    await drag(ann, 'dragenter', files);
    await ann.getByTestId('file-drop').waitFor();
    await drag(ann, 'drop', files);
    await ann.getByTestId('file-drop').waitFor({ state: 'detached' });
    const attached = ann.getByTestId('attachment');
    await eventually(
      'both are uploaded',
      () => ann.locator('[data-testid=attachment][data-state=done]').count(),
      (n) => n === 2,
    );
    assert.equal(await attached.first().locator('img').count(), 1);
    // What is too large, or empty, is not taken.
    await ann.getByTestId('chat-files').setInputFiles([
      { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4_000_001) },
      { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
      { name: 'wrong.txt', mimeType: 'text/plain', buffer: Buffer.from('wrong') },
    ]);
    await attached.nth(2).getByTestId('attachment-remove').click();
    await eventually(
      'it is gone from the server too',
      () => onDisk().length,
      (n) => n === 2,
    );
    await isAxeClean(ann);
    await ann.getByTestId('chat-input').fill('Two files');
    await ann.getByTestId('chat-send').click();
    await bob.getByTestId('message-picture').locator('img').waitFor();
    await eventually('the picture has its shape', async () => {
      const box = await bob.getByTestId('message-picture').boundingBox();
      return Math.abs((box?.width ?? 0) / (box?.height ?? 1) - 1.5) < 0.05;
    });
    assert.match((await bob.getByTestId('message-file').textContent()) ?? '', /report\.bin3\sMB/);
    await isAxeClean(bob);
  });

  it('another person saves a file, and gets the same bytes', async () => {
    const downloading = bob.waitForEvent('download');
    await bob.getByTestId('file-download').click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), 'report.bin');
    assert.ok(readFileSync(await download.path()).equals(REPORT));
  });

  it('pictures open in a viewer, which the keyboard leads through', async () => {
    const pasted = await transferOf(ann, [{ name: 'Second.png' }]);
    await pasted.evaluate((clipboardData) =>
      document
        .querySelector('[data-testid=chat-input]')
        ?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })),
    );
    await ann.getByTestId('attachment').waitFor();
    await ann.getByTestId('chat-input').press('Enter');
    await eventually(
      'both pictures are there',
      () => bob.getByTestId('message-picture').count(),
      (n) => n === 2,
    );
    const [first] = await bob.getByTestId('message-picture').all();
    assert.ok(first);
    assert.equal(await first.getAttribute('aria-label'), 'View Закат.png');
    await first.click();
    const viewer = bob.getByTestId('file-viewer');
    const shown = (name: string) =>
      eventually(`${name} is shown`, () =>
        bob.evaluate(
          (alt) =>
            [...document.querySelectorAll<HTMLImageElement>('[data-testid=viewer-picture]')].some(
              (each) => each.alt === alt && each.naturalWidth === 1200,
            ),
          name,
        ),
      );
    await shown('Закат.png');
    await isAxeClean(bob);
    await bob.keyboard.press('ArrowRight');
    await shown('Second.png');
    await bob.keyboard.press('ArrowRight');
    await bob.keyboard.press('ArrowLeft');
    await shown('Закат.png');
    await bob.keyboard.press('Escape');
    await viewer.waitFor({ state: 'detached' });
    assert.equal(await first.evaluate((element) => element === document.activeElement), true);
  });

  it('deleting the message deletes its files, for everyone and on the server', async () => {
    const message = ann.getByTestId('chat-message').filter({ hasText: 'Two files' });
    await message.hover();
    await message.getByTestId('chat-delete').click();
    await message.getByTestId('chat-confirm-delete').click();
    await bob.getByTestId('chat-gone').waitFor();
    await eventually(
      'the card is gone',
      () => bob.getByTestId('message-file').count(),
      (n) => n === 0,
    );
    await eventually(
      'only the other picture is left',
      () => onDisk().length,
      (n) => n === 1,
    );
  });

  it('a person downloads their data, and deletes their account', async () => {
    await ann.goto(new URL(ann.url()).origin);
    await ann.getByTestId('appearance').click();
    const downloading = ann.waitForEvent('download');
    await ann.getByTestId('export-account').click();
    assert.equal((await downloading).suggestedFilename(), 'canopy-account.zip');
    await ann.getByTestId('delete-account').click();
    const now = ann.getByTestId('delete-account-now');
    assert.ok(await now.isDisabled());
    await ann.getByTestId('delete-account-name').fill('Ann Lee');
    await isAxeClean(ann);
    await now.click();
    await ann.getByTestId('no-identity').waitFor();
    await eventually(
      'nothing of hers is left',
      () => onDisk().length,
      (count) => count === 0,
    );
    await bob.getByTestId('message-picture').waitFor({ state: 'detached' });
  });

  it('nothing on the pages went wrong', () => {
    assert.deepEqual(browser.problems, []);
  });
});
