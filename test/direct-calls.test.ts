import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { violations } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { InProcessServer } from './support/in-process-server.ts';
import { Person } from './support/person.ts';
import { eventually } from './support/wait.ts';

const PASSWORD = 'correct horse battery staple';

describe('calling people on the page', () => {
  let server: InProcessServer;
  let browser: TestBrowser;
  let ann: Page;
  let bob: Page;
  /** Bob's other device. */
  let tablet: Page;

  before(async () => {
    server = await InProcessServer.start();
    browser = await TestBrowser.launch();
    ann = await enrolled('Ann Lee');
    bob = await enrolled('Боб Стоун');
    tablet = await linked(bob);
    await tablet.setViewportSize({ width: 360, height: 740 });
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  const enrolled = async (name: string) => {
    const page = await browser.page(await server.invite());
    await page.getByTestId('name').fill(name);
    await page.getByTestId('enrol').click();
    await page.getByTestId('list-calls').getByTestId('empty').waitFor();
    return page;
  };
  /** The address in links, which identities are for. */
  const origin = () => new URL(bob.url()).origin;
  /** Moves an account to another device with its backup. */
  const linked = async (page: Page) => {
    await page.getByTestId('account-menu').click();
    await page.getByTestId('backup').click();
    for (const field of ['backup-password', 'backup-again']) {
      await page.getByTestId(field).fill(PASSWORD);
    }
    await page.getByTestId('backup-save').click();
    const download = page.waitForEvent('download');
    await page.getByTestId('backup-download').click();
    const file = await (await download).path();
    await page.reload();
    await page.getByTestId('list-calls').getByTestId('empty').waitFor();
    const second = await browser.page(origin());
    await second.getByText('I have a backup').click();
    await second.getByTestId('restore-file').setInputFiles(file);
    await second.getByTestId('restore-password').fill(PASSWORD);
    await second.getByTestId('restore').click();
    await second.getByTestId('list-calls').getByTestId('empty').waitFor();
    return second;
  };
  const rows = (page: Page) => page.getByTestId('call-row');
  const says = (page: Page, text: RegExp) => page.getByTestId('notice').filter({ hasText: text }).waitFor();

  it('rings on both devices by a call link; one answers, the other says so; hanging up ends it for both', async () => {
    await bob.getByTestId('call-somebody').click();
    const link = await bob.getByTestId('own-call-link').inputValue();
    assert.deepEqual(await violations(bob), []);
    await bob.keyboard.press('Escape');
    // A call link asks before it calls.
    await ann.goto(link);
    await ann.getByTestId('call-video').click();
    const outgoing = ann.getByTestId('outgoing-call');
    await outgoing.waitFor();
    await Promise.all([bob, tablet].map((page) => page.getByTestId('incoming-call').waitFor()));
    assert.match(
      (await bob.getByTestId('incoming-call').textContent()) ?? '',
      /^ALAnn LeeIncoming video call/,
    );
    await eventually(
      'it rings',
      () => outgoing.getAttribute('data-state'),
      (state) => state === 'ringing',
    );
    assert.equal(await bob.title(), 'Ann Lee is calling – Canopy');
    for (const page of [ann, bob, tablet]) {
      assert.deepEqual(await violations(page), []);
    }
    await bob.getByTestId('answer-video').click();
    await Promise.all([ann, bob].map((page) => page.getByTestId('room-view').waitFor()));
    await says(tablet, /You answered on another device/);
    assert.equal(await tablet.getByTestId('incoming-call').count(), 0);
    const [asAnn, asBob] = [new Person(ann, 'Ann Lee'), new Person(bob, 'Боб Стоун')];
    await asAnn.sees('Боб Стоун');
    await asBob.sees('Ann Lee');
    await eventually(
      'both hear one another',
      () =>
        Promise.all(
          [ann, bob].map((page) =>
            page.evaluate(async () => {
              type Track = { kind: string; getStats(): Promise<RTCStatsReport> };
              const { canopy } = window as unknown as { canopy?: { room?: { tracks: Track[] } } };
              const track = canopy?.room?.tracks.find(({ kind }) => kind === 'audio');
              const stats = [...((await track?.getStats())?.values() ?? [])];
              return stats.some(
                ({ type, totalAudioEnergy }) => type === 'inbound-rtp' && totalAudioEnergy > 0,
              );
            }),
          ),
        ),
      (heard) => heard.every(Boolean),
    );
    assert.equal(await ann.getByRole('heading', { level: 1 }).textContent(), 'Боб Стоун');
    assert.equal(await ann.getByTestId('invite').count(), 0);
    await ann.getByTestId('leave').click();
    for (const page of [ann, bob]) {
      await page.getByTestId('home').waitFor();
      await page.getByTestId('call-row').waitFor();
    }
    assert.match((await rows(ann).textContent()) ?? '', /^Боб СтоунOutgoingjust now0:\d\d/);
    assert.match((await rows(tablet).textContent()) ?? '', /^Ann LeeIncomingjust now/);
    assert.equal(await bob.locator('video').count(), 0);
  });

  it('a call that nobody answers is missed on every device, until one of them has shown it', async () => {
    // Neither of Bob's devices shows the home page.
    for (const page of [bob, tablet]) {
      await page.goto(`${origin()}/#/room/somewhere`);
      await page.getByTestId('join').waitFor();
    }
    await rows(ann).first().getByTestId('redial').click();
    await Promise.all([bob, tablet].map((page) => page.getByTestId('incoming-call').waitFor()));
    await ann.getByTestId('cancel-call').click();
    await says(bob, /Missed call from Ann Lee/);
    await tablet.goto(`${origin()}/#/`);
    await bob.goto(`${origin()}/#/`);
    await bob.locator('[data-testid=call-row][data-missed=true]').waitFor();
    await tablet.locator('[data-testid=call-row][data-missed=true]').waitFor();
    assert.deepEqual(await violations(bob), []);
    await Promise.all(
      [bob, tablet].map((page) => page.getByTestId('missed-count').waitFor({ state: 'detached' })),
    );
    assert.equal(await bob.title(), 'Canopy');
  });

  it('in a meeting it rings as a banner: leave and answer, or decline; the caller is told in words', async () => {
    await tablet.close();
    await new Person(bob, 'Боб Стоун').enter('meeting');
    await rows(ann).first().getByTestId('redial').click();
    await bob.getByTestId('incoming-banner').waitFor();
    assert.deepEqual(await violations(bob), []);
    await bob.getByTestId('decline').click();
    await eventually(
      'Ann is told',
      () => ann.getByTestId('call-state').textContent(),
      (text) => text === 'Боб Стоун declined the call',
    );
    await ann.getByTestId('call-again').click();
    await bob.getByTestId('leave-and-answer').click();
    for (const page of [ann, bob]) {
      await eventually(
        'both are in the call',
        () => page.getByTestId('count').textContent(),
        (text) => text === '2 people',
      );
    }
    await bob.getByTestId('leave').click();
    await ann.getByTestId('home').waitFor();
    await bob.close();
    await rows(ann).first().getByTestId('redial').click();
    await eventually(
      'Ann is told that Bob is away',
      () => ann.getByTestId('call-state').textContent(),
      (text) => text?.includes('is not connected now') === true,
    );
    await ann.getByTestId('close-call').click();
    assert.deepEqual(browser.problems, []);
  });
});
