import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { RoomDescription } from '../contract/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

describe('the home page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let olga: Page;
  let roomId = '';

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    olga = await enrolled('Olga', await server.invite());
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  const enrolled = async (name: string, link: string) => {
    const page = await browser.page(link);
    await page.getByTestId('name').fill(name);
    await page.getByTestId('enrol').click();
    return page;
  };
  const row = (page: Page, list: string) => page.getByTestId(`list-${list}`).getByTestId('room-row');
  /** Chooses an item of the first room's menu. */
  const choose = async (page: Page, list: string, item: string) => {
    await row(page, list).first().getByTestId('room-more').click();
    await row(page, list).first().getByTestId(item).click();
  };
  const focused = (page: Page) =>
    page.evaluate(() => {
      const { activeElement: element } = document;
      return (element as HTMLElement | null)?.dataset.testid ?? element?.tagName ?? '';
    });
  /** Buttons and fields that extend beyond the window's sides. */
  const cut = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('button, input, select, textarea')].flatMap((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < 0 || right > innerWidth) ? [element.outerHTML.slice(0, 80)] : [];
      }),
    );

  it('greets people, says what the empty lists are for, and opens no camera', async () => {
    await olga.getByTestId('home').waitFor();
    assert.equal(await olga.getByRole('heading', { level: 1 }).textContent(), 'Hello, Olga');
    // The button that she used is gone.
    await eventually(
      'H1 has the focus',
      () => focused(olga),
      (now) => now === 'H1',
    );
    await olga.getByTestId('empty').nth(2).waitFor();
    assert.equal(await olga.locator('video').count(), 0);
    for (const width of [320, 360, 768, 1280]) {
      await olga.setViewportSize({ width, height: 740 });
      assert.deepEqual(await cut(olga), [], `${width}`);
      assert.ok(await olga.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
    }
    await olga.setViewportSize({ width: 1280, height: 800 });
  });

  it('schedules a meeting, and offers it to calendars', async () => {
    await olga.getByTestId('schedule').click();
    await olga.getByTestId('room-title').fill('Планёрка');
    await olga.getByTestId('date').fill('2031-03-03');
    await olga.getByTestId('time').fill('09:30');
    await olga.getByTestId('duration').selectOption('45');
    await olga.getByTestId('time-zone').selectOption('Europe/Berlin');
    await olga.getByTestId('weekly').check();
    await olga.getByTestId('description').fill('Bring coffee');
    await olga.getByTestId('plan').click();
    await olga.getByTestId('outcome-done').waitFor();
    await eventually(
      'H2 has the focus',
      () => focused(olga),
      (now) => now === 'H2',
    );
    await eventually(
      'the link for everyone is there',
      () => olga.getByTestId('room-link').inputValue(),
      (link) => link.startsWith(`${server.url}/#/join/`),
    );
    const download = olga.waitForEvent('download');
    await olga.getByTestId('download-ics').click();
    const file = await download;
    const name = file.suggestedFilename();
    roomId = name.replace(/\.ics$/, '');
    assert.match(name, /^планёрка-[a-z2-9-]{13}\.ics$/);
    const ics = await readFile(await file.path(), 'utf8');
    assert.match(ics, /\r\nDTSTART;TZID=Europe\/Berlin:20310303T093000\r\n/);
    assert.match(ics, /\r\nSUMMARY:Планёрка\r\n/);
    await olga.keyboard.press('Escape');
    await olga.getByTestId('outcome-done').waitFor({ state: 'detached' });
    await eventually(
      'schedule has the focus',
      () => focused(olga),
      (now) => now === 'schedule',
    );
    assert.match((await row(olga, 'upcoming').textContent()) ?? '', /Планёрка.*Mar 3, 2031.*every week/);
    assert.equal(await row(olga, 'mine').getAttribute('data-room'), roomId);
  });

  it('moves a meeting, and gives calendars the new time', async () => {
    await choose(olga, 'upcoming', 'edit-schedule');
    assert.equal(await olga.getByTestId('time').inputValue(), '09:30');
    await olga.getByTestId('time').fill('11:00');
    await olga.getByTestId('plan').click();
    await olga.getByTestId('outcome-done').click();
    const download = olga.waitForEvent('download');
    await choose(olga, 'upcoming', 'calendar');
    const ics = await readFile(await (await download).path(), 'utf8');
    assert.match(ics, /\r\nSEQUENCE:1\r\n/);
    assert.match(ics, /:20310303T110000\r\n/);
  });

  it('leads into a room by its name or a link, but not to another server without a question', async () => {
    const field = olga.getByTestId('destination');
    await field.fill('https://elsewhere.example/#/room/team');
    await olga.getByTestId('go').click();
    await olga.getByTestId('destination-hint').getByText('another server, elsewhere.example').waitFor();
    await field.fill(`${server.url}/#/room/${encodeURIComponent(roomId)}`);
    await olga.getByTestId('go').click();
    await olga.locator('[data-testid=preview] video').waitFor();
    await olga.getByTestId('home-link').click();
    await olga.getByTestId('home').waitFor();
    await row(olga, 'mine').getByTestId('enter').click();
    assert.equal(await olga.getByTestId('lobby-title').textContent(), 'Планёрка');
    await olga.getByTestId('join').click();
    await olga.getByTestId('room-view').waitFor();
    assert.equal(await olga.title(), 'Планёрка – Canopy');
  });

  it('an owner sets a PIN in the call, which a guest is asked for, and locks the room for the next one', async () => {
    await olga.getByTestId('more').click();
    await olga.getByTestId('room-settings').click();
    await eventually(
      'the heading has the focus',
      () => focused(olga),
      (now) => now === 'H2',
    );
    await olga.getByTestId('settings-title').fill('Утро');
    await olga.getByTestId('settings-pin').fill('246810');
    await olga.getByTestId('may-speaker-call.dial').check();
    await olga.getByTestId('settings-recording-format').selectOption('webm');
    await olga.getByTestId('settings-recording-layout').selectOption('gallery');
    await olga.getByTestId('settings-save').click();
    await olga.getByTestId('notice').getByText('Room settings saved').waitFor();
    const { recordingVideo, recordingVideoLayout } = await server.api<RoomDescription>(
      'GET',
      `/api/rooms/${encodeURIComponent(roomId)}/settings`,
    );
    assert.deepEqual([recordingVideo, recordingVideoLayout], ['webm', 'gallery']);
    assert.equal(await olga.getByRole('heading', { level: 1 }).textContent(), 'Утро');
    await eventually(
      'the tab has the new title',
      () => olga.title(),
      (title) => title === 'Утро – Canopy',
    );

    const gus = await enrolled('Gus', await server.invite({ role: 'guest', roomId }));
    await gus.getByTestId('join').click();
    await gus.getByTestId('pin').fill('111111');
    await gus.getByTestId('pin-join').click();
    await gus.getByTestId('pin-wrong').waitFor();
    await gus.getByTestId('pin').fill('24 68 10');
    await gus.getByTestId('pin-join').click();
    await gus.getByTestId('room-view').waitFor();
    assert.equal(await gus.getByTestId('lock').count(), 0, 'guests cannot lock');

    await olga.getByTestId('lock').click();
    await gus.getByTestId('locked').waitFor();
    const late = await enrolled('Late', await server.invite({ role: 'member', roomId }));
    await late.getByTestId('join').click();
    await late.locator('[data-testid="problem"][data-code="ROOM_LOCKED"]').waitFor();
    // Whoever is inside may come back.
    await gus.reload();
    await gus.getByTestId('join').click();
    await gus.getByTestId('room-view').waitFor();
    await olga.getByTestId('lock').click();
    await olga.locator('[data-testid=lock][data-locked=false]').waitFor();
    await late.getByTestId('join').click();
    await late.getByTestId('room-view').waitFor();
    await gus.close();
  });

  it('hands the room over, deletes it, and takes the people inside home', async () => {
    const late = await enrolled('Heir', await server.invite({ role: 'member', roomId }));
    await new Person(late, 'Heir').enter(roomId);
    await olga.getByTestId('more').click();
    await olga.getByTestId('room-settings').click();
    await olga.getByTestId('new-owner').selectOption({ label: 'Heir' });
    olga.once('dialog', (dialog) => void dialog.accept());
    await olga.getByTestId('hand-over').click();
    await olga.getByTestId('notice').getByText('Heir owns the room now').waitFor();
    await late.getByTestId('more').click();
    await late.getByTestId('room-settings').click();
    await late.getByTestId('delete-room').click();
    const cancellation = late.waitForEvent('download');
    await late.getByTestId('delete-now').click();
    const ics = await readFile(await (await cancellation).path(), 'utf8');
    assert.match(ics, /\r\nSTATUS:CANCELLED\r\n/);
    for (const page of [olga, late]) {
      await page.getByTestId('home').waitFor();
    }
    await olga.getByTestId('notice').getByText('The room was deleted').waitFor();
    await olga.getByTestId('list-mine').getByTestId('empty').waitFor();
  });

  it('starts a meeting with one click, remembers it, and speaks Russian', async () => {
    await olga.getByTestId('new-meeting').click();
    await olga.locator('[data-testid=tile][data-self=true] video').waitFor();
    // This server runs no phone gateway.
    assert.deepEqual(
      await Promise.all(['invite', 'call-phone'].map((each) => olga.getByTestId(each).count())),
      [1, 0],
    );
    assert.equal(await olga.title(), 'Meeting – Canopy');
    await olga.getByTestId('invite').click();
    await eventually(
      'H2 has the focus',
      () => focused(olga),
      (now) => now === 'H2',
    );
    await olga.keyboard.press('Escape');
    await eventually(
      'invite has the focus',
      () => focused(olga),
      (now) => now === 'invite',
    );
    await olga.getByTestId('leave').click();
    await olga.getByRole('heading', { name: 'You left the call' }).waitFor();
    await eventually(
      'H1 has the focus',
      () => focused(olga),
      (now) => now === 'H1',
    );
    assert.notEqual(await olga.getByTestId('camera-select').inputValue(), '');
    assert.equal(await olga.getByTestId('join').textContent(), 'Rejoin');
    await olga.getByTestId('home-link').click();
    assert.match((await row(olga, 'recent').first().textContent()) ?? '', /^Meeting of \w+ \d+, .*Visited/);
    await olga.getByTestId('appearance').click();
    await olga.getByTestId('language').selectOption('ru');
    await olga.keyboard.press('Escape');
    await olga.getByRole('button', { name: 'Новая встреча' }).waitFor();
    assert.deepEqual(browser.problems, []);
  });

  it('offers guests no rooms of their own, but the one they were invited to', async () => {
    const guest = await enrolled('Guest', await server.invite({ role: 'guest', roomId: 'salon' }));
    await guest.getByTestId('home-link').click();
    await guest.getByTestId('your-room').waitFor();
    assert.equal(await guest.getByTestId('new-meeting').count(), 0);
    assert.equal(await guest.getByTestId('list-mine').count(), 0);
    await guest.getByTestId('your-room').click();
    await guest.getByTestId('join').click();
    await guest.getByTestId('room-view').waitFor();
  });
});
