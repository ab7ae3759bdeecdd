import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { actOn, notice, personRow as row } from './support/call-steps.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { newIdentity, ProtocolClient } from './support/protocol-client.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('people and moderation on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let olga: Person;
  let gus: Person;
  let zoe: Person;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch();
    olga = await Person.invited(browser, server, 'Olga', ROOM);
    gus = await guest('Gus');
    zoe = await guest('Zoë');
    await olga.click('panel-people');
  });

  after(async () => {
    await browser.close();
    await untilBaseline(server);
    await server.close();
  });

  const guest = async (name: string) => {
    const person = new Person(await browser.page(), name);
    await person.enterByInvitation(await server.invite({ role: 'guest', roomId: ROOM }), ROOM);
    return person;
  };
  /** Uses someone's menu in the list of people. */
  const act = (name: string, item: string) => actOn(olga.page, name, item);
  const voice = (name: string, state: string) =>
    olga.page.locator(`[data-testid=person][data-voice=${state}]`, { hasText: name }).waitFor();
  const says = (page: Page, text: string) => notice(page, text).first().waitFor();

  it('lists everyone with their state, and finds people by name', async () => {
    const { page } = olga;
    assert.match(
      (await page.getByTestId('panel-people').getAttribute('aria-label')) ?? '',
      /3 people in the call/,
    );
    await voice('Zoë', 'on');
    await row(page, 'Gus')
      .filter({ hasText: /Guest.*camera on,.*microphone on,/ })
      .waitFor();
    assert.match((await row(page, 'Olga').textContent()) ?? '', /\(you\).*Owner/);
    await page.getByTestId('people-search').fill('zoe');
    await eventually(
      'only Zoë is listed',
      () => page.getByTestId('person').count(),
      (count) => count === 1,
    );
    await page.getByTestId('people-search').fill('');
    await gus.click('hand');
    const first = page.getByTestId('people-hands').getByTestId('person');
    await first.filter({ hasText: 'Gus' }).waitFor();
    await page.getByTestId('lower-all').click();
    await page.getByTestId('people-hands').waitFor({ state: 'detached' });
  });

  it('mutes everyone, who may not unmute; asks one to unmute, who agrees', async () => {
    const mayUnmute = olga.page.getByTestId('may-unmute');
    await olga.click('mute-all');
    await mayUnmute.waitFor();
    await olga.page.keyboard.press('Escape');
    await mayUnmute.waitFor({ state: 'detached' });
    // The panel stays open.
    await olga.click('mute-all');
    await mayUnmute.uncheck();
    await olga.click('mute-all-now');
    await voice('Gus', 'denied');
    await voice('Zoë', 'denied');
    await olga.page.locator('[data-testid=tile][data-muted-by=moderator]', { hasText: 'Gus' }).waitFor();
    await says(gus.page, 'Olga muted you.');
    await gus.click('microphone');
    await says(gus.page, 'A moderator has muted you. Raise your hand to ask to speak.');
    assert.equal(await gus.page.getByTestId('microphone').getAttribute('data-on'), 'false');
    await gus.click('hand');
    await act('Gus', 'person-ask');
    await gus.page.getByRole('dialog', { name: 'Olga asks you to unmute' }).waitFor();
    await gus.click('asked-agree');
    await voice('Gus', 'on');
    await olga.page.getByTestId('people-hands').waitFor({ state: 'detached' });
    await voice('Zoë', 'denied');
    await olga.click('allow-all');
    await says(zoe.page, 'You may unmute yourself again.');
    await zoe.click('microphone');
    await voice('Zoë', 'on');
    assert.equal(await olga.page.getByTestId('entry-rule').count(), 0);
  });

  it('mutes those who join later', async () => {
    await olga.click('mute-all');
    await olga.page.getByTestId('mute-on-entry').check();
    await olga.click('mute-all-now');
    const late = await guest('Late');
    await says(late.page, 'You joined muted, as set by a moderator.');
    await voice('Late', 'moderated');
    await late.click('microphone');
    await voice('Late', 'on');
    await olga.click('allow-all');
    await late.leave();
    await gus.click('microphone');
    await voice('Gus', 'on');
  });

  it('stops a camera, which the person turns on again when asked to', async () => {
    await act('Gus', 'person-stop-camera');
    await says(gus.page, 'Olga turned off your camera.');
    await eventually(
      'the camera is off',
      () => gus.page.getByTestId('camera').getAttribute('data-on'),
      (on) => on === 'false',
    );
    await act('Gus', 'person-ask-camera');
    await gus.click('asked-refuse');
    await act('Gus', 'person-ask-camera');
    await gus.click('asked-agree');
    await zoe.sees('Gus');
  });

  it('shows someone large to everyone, unless they pin somebody themselves', async () => {
    await act('Gus', 'person-spotlight');
    const large = zoe.page.getByTestId('stage').locator('.grid [data-testid=tile]');
    await large.filter({ hasText: 'Gus' }).waitFor();
    await says(gus.page, 'You are in the spotlight: everyone sees you large.');
    await zoe.pin('Olga');
    await large.filter({ hasText: 'Olga' }).waitFor();
    await zoe.pin('Olga');
    await large.filter({ hasText: 'Gus' }).waitFor();
    await act('Gus', 'person-spotlight');
    await large.filter({ hasText: 'Gus' }).waitFor({ state: 'detached' });
  });

  it('shows reactions to everyone, and announces them', async () => {
    await zoe.click('reactions');
    await zoe.click('reaction-applause');
    await zoe.click('reaction-applause');
    await zoe.page.keyboard.press('Escape');
    const tile = olga.page.locator('[data-testid=tile]', { hasText: 'Zoë' });
    await tile.getByTestId('tile-reactions').waitFor();
    await olga.page.getByTestId('reaction-summary').filter({ hasText: '👏' }).waitFor();
    await olga.page.getByText('Zoë: applause').waitFor({ state: 'attached' });
    await tile.getByTestId('tile-reactions').waitFor({ state: 'detached' });
  });

  it('hands moderation over: the new moderator renames people, who are told', async () => {
    await zoe.click('panel-people');
    await row(zoe.page, 'Gus').getByTestId('person-menu').click();
    assert.equal(await zoe.page.getByTestId('tile-rename').count(), 0);
    await zoe.page.keyboard.press('Escape');
    await act('Zoë', 'person-role');
    await olga.page.getByTestId('role-moderator').check();
    await olga.click('role-now');
    await row(zoe.page, 'Zoë').getByText('Moderator', { exact: true }).waitFor();
    await row(zoe.page, 'Gus').getByTestId('person-menu').click();
    await zoe.click('tile-rename');
    await zoe.page.getByTestId('new-name').fill('Augustus');
    await zoe.click('rename-now');
    await says(gus.page, 'Zoë changed your name to Augustus.');
    await row(olga.page, 'Zoë')
      .filter({ hasText: /Moderator.*Guest/ })
      .waitFor();
  });

  it('works by keyboard alone', async () => {
    const { page } = olga;
    await row(page, 'Olga').getByTestId('person-menu').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
    await eventually('the first action has the focus', focused, (now) => now === 'tile-person');
    await page.keyboard.press('Escape');
    await eventually('the button has it again', focused, (now) => now === 'person-menu');
    const label = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.match(label ?? '', /Augustus/);
  });

  it('bans someone, who cannot come back until the ban is lifted', async () => {
    await act('Augustus', 'person-ban');
    await olga.page.getByTestId('ban-link').waitFor();
    await olga.click('ban-now');
    await gus.page.getByTestId('join').waitFor();
    const problem = gus.page.getByRole('alert').filter({ hasText: 'banned you from this room' });
    await problem.waitFor();
    await gus.click('join');
    await problem.waitFor();
    const banned = olga.page.getByTestId('banned-person');
    assert.match((await banned.textContent()) ?? '', /Augustus.*Banned by Olga/);
    await zoe.page.getByTestId('banned-person').waitFor();
    await olga.click('lift-ban');
    await banned.waitFor({ state: 'detached' });
    await gus.click('join');
    await gus.page.getByTestId('room-view').waitFor();
    await row(olga.page, 'Gus').waitFor();
  });

  it('offers to move the call here to somebody who is in it on another device, who is then counted once', async () => {
    const identity = await newIdentity(server, { displayName: 'Max' });
    const backup = await identity.exportBackup('a long enough password');
    const other = await ProtocolClient.enter(server.url, identity);
    await other.get('room.join', { roomId: ROOM });
    const page = await browser.page(`${server.url}/#/room/${ROOM}`);
    await page.getByText('I have a backup').click();
    await page.getByTestId('restore-file').setInputFiles({
      name: 'backup.json',
      mimeType: 'application/json',
      buffer: Buffer.from(backup),
    });
    await page.getByTestId('restore-password').fill('a long enough password');
    await page.getByTestId('restore').click();
    await page.getByTestId('join').click();
    await page.getByText('Move the call here').click();
    assert.equal(await other.ended(), 'CALL_MOVED');
    await page.getByText('Move the call here').waitFor({ state: 'detached' });
    await eventually(
      'Max is listed once',
      () => row(olga.page, 'Max').count(),
      (count) => count === 1,
    );
    assert.deepEqual(browser.problems, []);
  });
});
