import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { TestServer } from './support/server.ts';

describe('the page', () => {
  let server: TestServer;
  const browsers: TestBrowser[] = [];

  before(async () => {
    server = await TestServer.start();
  });

  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.close();
  });

  async function launch(...flags: string[]): Promise<TestBrowser> {
    const browser = await TestBrowser.launch({ flags });
    browsers.push(browser);
    return browser;
  }

  async function enrol(browser: TestBrowser, name: string, invitation: string): Promise<Page> {
    const page = await browser.page(invitation);
    await page.getByTestId('name').fill(name);
    await page.getByTestId('enrol').click();
    return page;
  }

  const sentence = async (page: Page, testId: string) =>
    ((await page.getByTestId(testId).first().textContent()) ?? '').trim();

  it('says that access to devices was denied, and lets people join without them', async () => {
    const browser = await launch('--use-fake-ui-for-media-stream=deny');
    const page = await enrol(browser, 'Denied', await server.invite({ roomId: 'quiet' }));
    assert.match(
      await sentence(page, 'device-problem'),
      /is not allowed to use the camera or microphone; allow it/,
    );
    await page.getByTestId('room').fill('quiet');
    await page.getByTestId('join').click();
    await page.getByTestId('room-view').waitFor();
    await page.getByTestId('microphone').click();
    assert.match(await sentence(page, 'notice'), /is not allowed to use the microphone; allow it/);
    await page.getByTestId('leave').click();
    await page.getByTestId('join').waitFor();
    assert.deepEqual(browser.problems, []);
  });

  it('says which device is missing', async () => {
    // The flag removes only the cameras.
    const browser = await launch('--use-fake-device-for-media-stream=device-count=0');
    const page = await enrol(browser, 'Voice', await server.invite({ roomId: 'quiet' }));
    assert.match(await sentence(page, 'device-problem'), /^No camera was found; plug one in/);
    assert.equal(await page.getByTestId('device-problem').count(), 1);
  });

  it('explains itself to people without an identity, and what is wrong with a link', async () => {
    const browser = await launch();
    const stranger = await browser.page(`${server.url}/#/room/team`);
    assert.match(await sentence(stranger, 'no-identity'), /Ask someone who has one/);

    const link = await server.invite();
    await (await enrol(browser, 'First', link)).getByTestId('identity-verified').waitFor();
    const late = await enrol(browser, 'Late', link);
    assert.match(await sentence(late, 'problem'), /already been used.*INVITE_USED/s);
  });

  it('does not spend an invitation whose link was altered or truncated', async () => {
    const browser = await launch();
    const link = await server.invite();
    const changed = link.replace(/.{4}$/, 'AAAA');
    const misled = await enrol(browser, 'Misled', changed);
    assert.match(await sentence(misled, 'problem'), /link is damaged.*not used.*INVITE_MISMATCH/s);
    for (const cut of [link.slice(0, -3), link.replace(/\..{43}$/, ''), link.slice(0, -60)]) {
      const page = await browser.page(cut);
      assert.match(await sentence(page, 'damaged-invitation'), /link is damaged.*Copy the whole link/s);
    }
    await (await enrol(browser, 'Whole', link)).getByTestId('identity-verified').waitFor();
  });

  it('explains what to do under an address that the server does not know, and does not spend the invitation', async () => {
    const browser = await launch('--host-resolver-rules=MAP meet.example 127.0.0.1');
    const link = await server.invite();
    const elsewhere = link.replace(server.url, `https://meet.example:${server.port}`);
    const page = await enrol(browser, 'Early', elsewhere);
    assert.match(
      await sentence(page, 'problem'),
      /--public-url.*ORIGIN_NOT_ALLOWED: https:\/\/meet\.example:\d+$/s,
    );
    const here = await enrol(browser, 'Here', link);
    await here.getByTestId('identity-verified').waitFor();
  });

  it('closes camera and microphone after the call, and remembers that they were off', async () => {
    const browser = await launch();
    const page = await enrol(browser, 'Shy', await server.invite({ roomId: 'shy' }));
    const tracks = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('video')].map(
          ({ srcObject }) => (srcObject as MediaStream | null)?.getTracks()[0]?.readyState,
        ),
      );
    await page.locator('[data-testid=preview] video').waitFor();
    await page.getByTestId('room').fill('shy');
    await page.getByTestId('join').click();
    await page.getByTestId('room-view').waitFor();
    await page.getByTestId('microphone').click();
    await page.getByTestId('leave').click();
    await page.getByTestId('join').waitFor();
    assert.deepEqual(await tracks(), []);
    assert.match(await sentence(page, 'preview'), /Camera is off/);
    await page.getByTestId('join').click();
    await page.locator('[data-testid=tile][data-self=true] video').waitFor();
    assert.equal(await page.getByTestId('microphone').getAttribute('data-on'), 'false');
    await page.getByTestId('camera').click();
    await page.reload();
    await page.getByTestId('join').waitFor();
    assert.match(await sentence(page, 'preview'), /Camera is off/);
    assert.equal(await page.getByTestId('camera').getAttribute('data-on'), 'false');
    assert.deepEqual(browser.problems, []);
  });

  it('takes a guest into the room of the invitation and no other, until they become a member', async () => {
    const browser = await launch();
    const guest = await enrol(browser, 'Guest', await server.invite({ role: 'guest', roomId: 'salon' }));
    await guest.getByTestId('identity-verified').waitFor();
    assert.equal(await guest.getByTestId('room').inputValue(), 'salon');
    assert.ok(!guest.url().includes('invite'), 'the secret is gone from the address');
    assert.equal(await guest.getByTestId('backup').count(), 0, 'the account lasts for a day');
    await guest.getByTestId('room').fill('other');
    await guest.getByTestId('join').click();
    assert.match(await sentence(guest, 'problem'), /FORBIDDEN/);
    await guest.goto(await server.invite({ role: 'member' }));
    await guest.getByTestId('redeem').click();
    // At once, without a reload.
    await guest.getByTestId('new-meeting').waitFor();
  });

  it('keeps an identity across reloads, and moves it to another device with a backup', async () => {
    const browser = await launch();
    const first = await enrol(browser, 'Ада', await server.invite());
    await first.getByTestId('identity-verified').waitFor();
    await first.getByTestId('account-menu').click();
    await first.getByTestId('backup').click();
    for (const field of ['backup-password', 'backup-again']) {
      await first.getByTestId(field).fill('correct horse');
    }
    await first.getByTestId('backup-save').click();
    const download = first.waitForEvent('download');
    await first.getByTestId('backup-download').click();
    const file = await (await download).path();

    await first.reload();
    assert.equal(await sentence(first, 'identity-name'), 'Ада');
    await first.getByTestId('account-menu').click();
    assert.equal(await first.getByTestId('backup').count(), 0, 'the account key cannot be read any more');

    const second = await browser.page(server.url);
    await second.getByText('I have a backup').click();
    await second.getByTestId('restore-file').setInputFiles(file);
    await second.getByTestId('restore-password').fill('wrong');
    await second.getByTestId('restore').click();
    assert.match(await sentence(second, 'problem'), /password is wrong/);
    await second.getByTestId('restore-password').fill('correct horse');
    await second.getByTestId('restore').click();
    await second.getByTestId('identity-verified').waitFor();
    assert.equal(await sentence(second, 'identity-name'), 'Ада');
    assert.deepEqual(browser.problems, []);
  });
});
