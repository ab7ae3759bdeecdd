import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Baresip } from './support/baresip.ts';
import { TestBrowser } from './support/browser.ts';
import {
  actOn,
  chatMessage,
  chatTexts,
  deviceCode,
  deviceLink,
  drag,
  isInRoom,
  keepTones,
  knock,
  notice,
  openChat,
  personRow,
  write,
} from './support/call-steps.ts';
import { FirefoxBrowser, type FirefoxPage } from './support/firefox.ts';
import { untilBaseline } from './support/gauges.ts';
import { ownAddress } from './support/large-scene.ts';
import { flaws } from './support/looks.ts';
import { LosableServer } from './support/losable-server.ts';
import { Person } from './support/person.ts';
import { installed } from './support/programs.ts';
import { PulseAudio } from './support/pulse-audio.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';
const ANN_HZ = 500;
const GUS_HZ = 700;
const HEADSET_HZ = 880;
const BUILTIN_HZ = 440;
const PHONE_HZ = 1000;
const PHONE = 'Phone 1001';
const MINUTES = randomBytes(2_000_000);

const address = ownAddress();
const hasFirefox = (await installed('firefox-esr')) && address !== undefined;
const hasPulse = (await installed('pulseaudio')) && (await installed('pactl'));

/**
 * One meeting with everything that happens to people in an hour of real use, one thing after the other, in real browsers and without a
 * manual step. Ann and the guest Gus use Chromium, Fay Firefox, and Dina a Chromium with real microphones and no camera.
 */
describe('an hour of real use', () => {
  let server: LosableServer;
  let pulse: PulseAudio | undefined;
  let unplugHeadset = async () => {};
  const browsers: TestBrowser[] = [];
  let firefox: FirefoxBrowser | undefined;
  let ann: Person;
  let gus: Person;
  let dina: Person;
  let fay: Person<FirefoxPage> | undefined;
  /** The invitation and the link that everyone may use. */
  let invitation: string;
  let link: string;
  /** Another tab of Ann's browser, with the devices of her account. */
  let annsHome: Page;
  /** Ann's other device. */
  let tablet: Page;
  let phone: Baresip;

  before(async () => {
    server = await LosableServer.start(hasFirefox ? address : undefined);
    if (hasPulse) {
      pulse = await PulseAudio.start();
      await pulse.plugIn('builtin', BUILTIN_HZ);
      unplugHeadset = await pulse.plugIn('headset', HEADSET_HZ);
      await pulse.setDefault('builtin');
    }
    browsers.push(
      await TestBrowser.launch({ toneHz: ANN_HZ }),
      await TestBrowser.launch({ toneHz: GUS_HZ }),
      await TestBrowser.launch(pulse ? { pulseServer: pulse.address } : { toneHz: BUILTIN_HZ }),
    );
    const { firefoxMedia } = server;
    firefox = firefoxMedia && (await FirefoxBrowser.launch(firefoxMedia));
  });

  after(async () => {
    await Promise.all([...browsers.map((browser) => browser.close()), firefox?.close(), phone?.stop()]);
    await pulse?.close();
    await server.close();
  });

  const browser = (index: number): TestBrowser => {
    const found = browsers[index];
    assert.ok(found);
    return found;
  };
  const invite = () => server.phones.server.invite({ role: 'member' });
  const connected = ({ page }: Person) =>
    page.locator('[data-testid=room-view][data-state=connected]').waitFor();
  const everybody = () => ['Ann', 'Dina', ...(fay ? ['Fay'] : []), 'Gus'];
  const roster = (expected: string[]) =>
    eventually(
      `${expected.join()} are in the room`,
      () => ann.roster(),
      (names) => names.join() === expected.join(),
    );
  /** Everyone who has a camera is seen, and who has a voice is heard. */
  const allIsWell = async () => {
    await Promise.all([
      ann.sees('Gus'),
      gus.sees('Ann'),
      dina.sees('Ann'),
      ann.hears('Gus', GUS_HZ),
      gus.hears('Ann', ANN_HZ),
      ...(fay ? [fay.sees('Ann'), gus.sees('Fay')] : []),
    ]);
  };
  const closePanel = async (page: Page) => {
    if ((await page.getByTestId('panel-close').count()) > 0) {
      await page.getByTestId('panel-close').click();
    }
  };
  const setMicrophone = async ({ page }: Person, on: boolean) => {
    const button = page.getByTestId('microphone');
    if ((await button.getAttribute('data-on')) !== String(on)) {
      await button.click();
    }
  };

  it('1: a guest comes by the link through the lobby', async () => {
    ann = new Person(await browser(0).page(), 'Ann');
    await keepTones(ann.page);
    invitation = await invite();
    await ann.enterByInvitation(invitation, ROOM);
    await ann.click('invite');
    link = await ann.page.getByTestId('everyone-link').inputValue();
    await ann.page.keyboard.press('Escape');
    gus = new Person(await knock(browser(1), link, 'Gus'), 'Gus');
    await notice(ann.page, 'Gus is waiting to be let in').getByTestId('notice-action').click();
    await connected(gus);

    const dinasPage = await browser(2).page();
    await keepTones(dinasPage);
    dina = new Person(dinasPage, 'Dina');
    await dina.enterByInvitation(await invite(), ROOM);
    if (firefox) {
      fay = new Person(await firefox.page(), 'Fay');
      await fay.enterByInvitation(await invite(), ROOM);
      // Only the loudest three are forwarded.
      await fay.click('microphone');
    }
    await roster(everybody());
    await allIsWell();
  });

  it('2: Ann makes Gus a moderator, who shows her large to everyone', async () => {
    await ann.click('panel-people');
    await actOn(ann.page, 'Gus', 'person-role');
    await ann.page.getByTestId('role-moderator').check();
    await ann.click('role-now');
    await gus.click('panel-people');
    await personRow(gus.page, 'Gus').getByText('Moderator', { exact: true }).waitFor();
    await actOn(gus.page, 'Ann', 'person-spotlight');
    const large = dina.page.getByTestId('stage').locator('.grid [data-testid=tile]');
    await large.filter({ hasText: 'Ann' }).waitFor();
    await actOn(gus.page, 'Ann', 'person-spotlight');
    await dina.page.getByTestId('stage').waitFor({ state: 'detached' });
    await closePanel(gus.page);
    await closePanel(ann.page);
  });

  it('3: Ann adds a second device by its code and joins from there too', async () => {
    annsHome = await ann.page.context().newPage();
    await annsHome.goto(server.url);
    await annsHome.getByTestId('your-devices').click();
    const code = await deviceCode(annsHome);
    await annsHome.getByTestId('qr-code').locator('path').waitFor();
    tablet = await browser(1).page();
    await keepTones(tablet);
    await tablet.goto(deviceLink(server.url, code, invitation));
    await tablet.setViewportSize({ width: 360, height: 740 });
    await tablet.getByTestId('device-name').fill('Tablet');
    await tablet.getByTestId('ask').click();
    await annsHome.getByTestId('approve').click();
    await tablet.getByTestId('home').waitFor();
    await annsHome.getByTestId('device-added').waitFor();
    await annsHome.getByTestId('add-device-close').click();
    const onTablet = new Person(tablet, 'Ann’s tablet');
    await onTablet.enter(ROOM);
    await onTablet.sees('Gus');
    await ann.sees('Gus');
  });

  it('4: Ann removes that device, which is out of the call at once', async () => {
    const row = annsHome.getByTestId('own-device').filter({ hasText: 'Tablet' });
    await row.getByTestId('own-device-more').click();
    await row.getByTestId('own-device-remove').click();
    await annsHome.getByTestId('remove-device').click();
    await tablet.locator('[data-testid=problem][data-code=CERT_REVOKED]').waitFor();
    await annsHome.close();
    await tablet.close();
    await roster(everybody());
    await allIsWell();
  });

  it('5: the network is lost for a while, and nothing that was written meanwhile', async () => {
    await openChat(ann.page);
    await openChat(gus.page);
    server.lose();
    for (const { page } of [ann, gus, dina]) {
      await page.getByTestId('connection').waitFor();
    }
    await write(gus.page, 'Can you hear me?');
    await gus.page.getByTestId('chat-pending').waitFor();
    server.lose(false);
    await chatMessage(ann.page, 'Can you hear me?').waitFor();
    await roster(everybody());
    await allIsWell();
  });

  it('6: Dina’s headset is unplugged, and she is heard with the other microphone', {
    skip: !hasPulse && 'there is no PulseAudio',
  }, async () => {
    const { page } = dina;
    await page.getByTestId('more').click();
    await page.getByTestId('panel-settings').click();
    await page
      .locator('[data-panel=settings] [data-testid=microphone-select]')
      .selectOption({ label: 'headset' });
    await gus.hears('Dina', HEADSET_HZ);
    await unplugHeadset();
    await notice(page, 'Your microphone was disconnected. Now using').waitFor();
    await gus.hears('Dina', BUILTIN_HZ);
    await closePanel(page);
  });

  it('7: Gus drops a file on the call, and Ann saves it', async () => {
    const files = [{ name: 'minutes.bin', base64: MINUTES.toString('base64') }];
    await drag(gus.page, 'dragenter', files);
    await drag(gus.page, 'drop', files);
    await gus.page.locator('[data-testid=attachment][data-state=done]').waitFor();
    await write(gus.page, 'Here are the minutes');
    const downloading = ann.page.waitForEvent('download');
    await ann.page.getByTestId('file-download').click();
    assert.ok(readFileSync(await (await downloading).path()).equals(MINUTES));
  });

  it('8: Ann finds a message', async () => {
    await write(ann.page, 'Thank you');
    await ann.click('chat-search');
    await ann.page.getByTestId('chat-query').fill('minutes');
    await ann.click('chat-result');
    await eventually(
      'the message is focused',
      () => ann.page.evaluate(() => document.activeElement?.textContent ?? ''),
      (text) => text.includes('Here are the minutes'),
    );
    await closePanel(ann.page);
    await closePanel(gus.page);
  });

  it('9: Ann asks everyone, and all vote', async () => {
    await ann.page.keyboard.press('o');
    await ann.click('poll-new');
    await ann.page.getByTestId('poll-question').fill('Where shall we have lunch?');
    for (const [index, answer] of ['Soup kitchen', 'Salad bar'].entries()) {
      await ann.page.getByTestId('poll-answer-text').nth(index).fill(answer);
    }
    await ann.click('poll-ask');
    for (const { page } of [gus, dina]) {
      await notice(page, 'Ann asks: Where shall we have lunch?').getByTestId('notice-action').click();
      await page.getByTestId('poll-answer').first().check();
      await page.getByTestId('poll-vote').click();
    }
    if (fay) {
      await fay.click('notice-action');
      await fay.click('poll-answer');
      await fay.click('poll-vote');
    }
    const votes = fay ? '3 votes · 100%' : '2 votes · 100%';
    await eventually(
      'all votes are counted',
      () => ann.page.getByTestId('poll-count').allTextContents(),
      ([first]) => first === votes,
    );
    await ann.click('poll-close');
    await ann.page.getByTestId('poll-answer').first().waitFor({ state: 'detached' });
    for (const { page } of [ann, gus, dina]) {
      await closePanel(page);
    }
  });

  it('10: a phone calls the room, and is heard and hears', async () => {
    const { phones } = server;
    await phones.addPhones('1001');
    await phones.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    phone = await phones.phone('1001', { codecs: 'PCMU/8000/1', toneHz: PHONE_HZ });
    await setMicrophone(gus, false);
    await setMicrophone(dina, false);
    phone.command('dial', phones.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
    // Firefox hears only with a sound card, which this machine need not have.
    await Promise.all([ann.hears(PHONE, PHONE_HZ), phone.hears(ANN_HZ)]);
    await roster([...everybody(), PHONE]);
  });

  it('11: somebody unwelcome is banned and cannot come back', async () => {
    const mal = await knock(browser(1), link, 'Mal');
    await notice(gus.page, 'Mal is waiting to be let in').getByTestId('notice-action').click();
    await mal.getByTestId('room-view').waitFor();
    await ann.click('panel-people');
    await actOn(ann.page, 'Mal', 'person-ban');
    await ann.click('ban-now');
    const problem = mal.getByRole('alert').filter({ hasText: 'banned you from this room' });
    await problem.waitFor();
    await mal.getByTestId('join').click();
    await problem.waitFor();
    await ann.page.getByTestId('banned-person').filter({ hasText: 'Mal' }).waitFor();
    await mal.close();
    await closePanel(ann.page);
    await roster([...everybody(), PHONE]);
  });

  it('12: Gus and the phone talk in a breakout room, Dina waits in another, and all come back', async () => {
    await setMicrophone(gus, true);
    await ann.click('more');
    await ann.click('panel-breakouts');
    await ann.page.getByTestId('breakout-assign-none').check();
    await ann.click('breakout-plan');
    for (const [name, room] of [
      ['Gus', 'Room 1'],
      [PHONE, 'Room 1'],
      ['Dina', 'Room 2'],
    ] as const) {
      await ann.page.getByLabel(`Room of ${name}`).selectOption({ label: room });
      await ann.page
        .getByRole('region', { name: room })
        .getByTestId('breakout-person')
        .filter({ hasText: name })
        .waitFor();
    }
    await ann.click('breakout-open');
    await isInRoom(gus.page, 'Room 1');
    await isInRoom(dina.page, 'Room 2');
    await Promise.all([gus.hears(PHONE, PHONE_HZ), phone.hears(GUS_HZ)]);
    await ann.page.getByTestId('breakout-message').fill('Two more minutes');
    await ann.click('breakout-send');
    for (const { page } of [gus, dina]) {
      await notice(page, 'Ann to all rooms: Two more minutes').waitFor();
    }
    await ann.click('breakout-close');
    await isInRoom(gus.page, ROOM);
    await isInRoom(dina.page, ROOM);
    await roster([...everybody(), PHONE]);
    await ann.hears(PHONE, PHONE_HZ);
    await ann.click('breakout-discard');
    await closePanel(ann.page);
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
    await roster(everybody());
    await setMicrophone(dina, true);
  });

  it('13: on a window of a phone’s size, everyone is seen and everything is reached', async () => {
    const { page } = gus;
    await page.setViewportSize({ width: 360, height: 740 });
    await eventually(
      'everything has its place',
      () => flaws(page),
      (found) => found.length === 0,
    );
    assert.equal(await page.getByTestId('tile').count(), everybody().length);
    await openChat(page);
    const sheet = await page.getByTestId('panel').boundingBox();
    assert.deepEqual(sheet, { x: 0, y: 0, width: 360, height: 740 });
    await chatMessage(page, 'Thank you').waitFor();
    await closePanel(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await gus.sees('Ann');
  });

  it('14: the server restarts, and all are back with picture, sound and everything that was written', async () => {
    await openChat(ann.page);
    await openChat(gus.page);
    const before = await chatTexts(ann.page);
    const stopping = server.stop();
    await notice(gus.page, 'The server is about to restart').waitFor();
    await stopping;
    for (const { page } of [ann, gus, dina]) {
      await page.getByTestId('connection').filter({ hasText: 'Reconnecting' }).waitFor();
    }
    await write(gus.page, 'Are you there?');
    await server.restart();
    for (const { page } of [ann, gus, dina]) {
      await page.getByTestId('connection').waitFor({ state: 'detached' });
    }
    await roster(everybody());
    await allIsWell();
    for (const { page } of [ann, gus]) {
      await eventually(
        'everything is there once, in order',
        () => chatTexts(page),
        (texts) => texts.join() === [...before, 'Are you there?'].join(),
      );
    }
    await ann.click('panel-people');
    await personRow(ann.page, 'Gus').getByText('Moderator', { exact: true }).waitFor();
    await ann.page.getByTestId('banned-person').filter({ hasText: 'Mal' }).waitFor();
    await closePanel(ann.page);
  });

  it('and when everyone has left, nothing remains', async () => {
    for (const { page } of [ann, gus, dina]) {
      await page.getByTestId('leave').click();
      await page.close();
    }
    await fay?.click('leave');
    await fay?.page.close();
    await phone.stop();
    // The gateway's connection stays.
    await untilBaseline(server.phones.server, undefined, 1);
    const problems = browsers.flatMap((each) => each.problems);
    // Chromium logs that the server was away, and who was refused.
    assert.deepEqual(
      problems.filter((text) => !/WebSocket|ERR_|net::/.test(text)),
      [],
    );
  });
});
