import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { violations } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { deviceCode, deviceLink } from './support/call-steps.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const PASSWORD = 'correct horse battery';

describe('a second device, on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let laptop: Page;
  let phone: Page;
  let invitation: string;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    invitation = await server.invite();
    laptop = await browser.page(invitation);
    await laptop.getByTestId('name').fill('Olga');
    await laptop.getByTestId('enrol').click();
    phone = await browser.page();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  /** Checks a screen with axe, and that it fits into the narrowest window. */
  async function sound(page: Page, what: string): Promise<void> {
    assert.deepEqual(await violations(page), [], what);
    const size = page.viewportSize();
    await page.setViewportSize({ width: 320, height: 640 });
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, .link-code, .qr-code')].flatMap((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < 0 || right > innerWidth) ? [element.outerHTML.slice(0, 80)] : [];
      }),
    );
    assert.deepEqual(cut, [], what);
    if (size) {
      await page.setViewportSize(size);
    }
  }

  /** Shows a code on the laptop. */
  const code = () => deviceCode(laptop);

  it('the account key is protected with a password when the user likes', async () => {
    const banner = laptop.getByTestId('account-banner');
    assert.equal(await banner.getAttribute('data-need'), 'protect');
    await sound(laptop, 'banner');
    await laptop.getByTestId('banner-protect').click();
    await laptop.getByTestId('protect-form').waitFor();
    await sound(laptop, 'protection');
    for (const field of ['backup-password', 'backup-again']) {
      await laptop.getByTestId(field).fill(PASSWORD);
    }
    await laptop.getByTestId('protect').click();
    await banner.waitFor({ state: 'detached' });
    await laptop.reload();
    await laptop.getByTestId('your-devices').click();
    await laptop.getByTestId('this-device').waitFor();
    assert.equal(await laptop.getByTestId('key-state').getAttribute('data-state'), 'locked');
    await sound(laptop, 'list of devices');
  });

  it('a device that was not let in says so, and the account does not have it', async () => {
    const typed = await code();
    await laptop.getByTestId('qr-code').locator('path').waitFor();
    await sound(laptop, 'code');
    await phone.goto(deviceLink(server.url, typed, invitation));
    await phone.getByTestId('device-name').fill('Somebody’s phone');
    await phone.getByTestId('ask').click();
    assert.equal(await laptop.getByTestId('asking-name').textContent(), 'Somebody’s phone');
    await laptop.getByTestId('deny').click();
    assert.equal(await phone.getByTestId('problem').getAttribute('data-code'), 'DEVICE_LINK_ENDED');
    assert.equal(await laptop.getByTestId('own-device').count(), 1);
  });

  it('one is added by the typed code, and keeps the account key with a passkey', async () => {
    const session = await phone.context().newCDPSession(phone);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        hasPrf: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await phone.goto(server.url);
    await phone.getByText('I use Canopy on another device').click();
    await phone.getByTestId('use-code').click();
    await phone.getByTestId('code').fill('nonsense');
    await phone.getByTestId('ask').click();
    await phone.getByText('A code has 16 letters and digits.').waitFor();
    await sound(phone, 'typing the code');
    await phone.getByTestId('code').fill((await code()).toLowerCase());
    await phone.getByTestId('device-name').fill('Phone');
    await phone.getByTestId('ask').click();
    await phone.getByTestId('waiting-for-consent').waitFor();
    await sound(phone, 'waiting');
    await laptop.getByTestId('hand-over').check();
    await sound(laptop, 'consent');
    await laptop.getByTestId('unlock-password').fill('wrong');
    await laptop.getByTestId('approve').click();
    assert.equal(await laptop.getByTestId('problem').getAttribute('data-code'), 'ACCOUNT_KEY_LOCKED');
    await laptop.getByTestId('unlock-password').fill(PASSWORD);
    await laptop.getByTestId('approve').click();
    await phone.getByTestId('protect-passkey').check();
    await sound(phone, 'keeping the key');
    await phone.getByTestId('protect').click();
    await phone.getByTestId('home').waitFor();
    await laptop.getByTestId('device-added').waitFor();
    await laptop.getByTestId('add-device-close').click();
    await laptop.getByText('Phone', { exact: true }).waitFor();
    assert.equal(await laptop.getByTestId('own-device').count(), 2);
  });

  it('the passkey unlocks a backup on the second device, even later', async () => {
    await phone.reload();
    await phone.getByTestId('account-menu').click();
    await phone.getByTestId('backup').click();
    for (const field of ['backup-password', 'backup-again']) {
      await phone.getByTestId(field).fill(PASSWORD);
    }
    await phone.getByTestId('backup-save').click();
    await phone.getByTestId('backup-download').waitFor();
    await phone.keyboard.press('Escape');
  });

  it('the first device renames and removes the second, which is told within five seconds', async () => {
    const row = laptop.getByTestId('own-device').filter({ hasText: 'Phone' });
    await row.getByTestId('own-device-more').click();
    await row.getByTestId('own-device-rename').click();
    await laptop.getByTestId('device-name').fill('Olga’s phone');
    await laptop.getByTestId('rename-device').click();
    const renamed = laptop.getByTestId('own-device').filter({ hasText: 'Olga’s phone' });
    await renamed.getByTestId('own-device-more').click();
    await renamed.getByTestId('own-device-remove').click();
    await sound(laptop, 'removal');
    await phone.getByTestId('identity-verified').waitFor();
    const startedMs = performance.now();
    await laptop.getByTestId('remove-device').click();
    await phone.locator('[data-testid=problem][data-code=CERT_REVOKED]').waitFor();
    assert.ok(performance.now() - startedMs < 5000);
    await eventually(
      'only the laptop is left',
      () => laptop.getByTestId('own-device').count(),
      (count) => count === 1,
    );
    assert.deepEqual(browser.problems, []);
  });
});
