import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { isTone } from './support/heard-tone.ts';
import { Person } from './support/person.ts';
import { installed } from './support/programs.ts';
import { PulseAudio } from './support/pulse-audio.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const skip =
  !((await installed('pulseaudio')) && (await installed('pactl')) && (await installed('parec'))) &&
  'there is no PulseAudio here';

const BOB_HZ = 600;
const BUILTIN_HZ = 440;
const HEADSET_HZ = 880;
const USB_HZ = 1200;

async function openSettings(page: Page): Promise<void> {
  await page.getByTestId('more').click();
  await page.getByTestId('panel-settings').click();
  await page.locator('[data-panel=settings] [data-testid=microphone-select]').waitFor();
}

describe('devices in a call', { skip }, () => {
  let server: TestServer;
  let pulse: PulseAudio;
  let annBrowser: TestBrowser;
  let bobBrowser: TestBrowser;
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    pulse = await PulseAudio.start();
    await pulse.plugIn('builtin', BUILTIN_HZ);
    await pulse.plugIn('headset', HEADSET_HZ);
    await pulse.setDefault('builtin');
    annBrowser = await TestBrowser.launch({ pulseServer: pulse.address, audible: true });
    bobBrowser = await TestBrowser.launch({
      toneHz: BOB_HZ,
      flags: ['--use-fake-device-for-media-stream=device-count=3'],
    });
    ann = new Person(await annBrowser.page(await server.invite({ role: 'member', roomId: 'team' })), 'Ann');
    bob = new Person(await bobBrowser.page(), 'Bob');
    // Noise suppression takes a tone for noise, and changes its level all the time.
    await bob.page.addInitScript(() =>
      localStorage.setItem(
        'canopy.devices',
        JSON.stringify({ processing: { noiseSuppression: false, autoGainControl: false } }),
      ),
    );
    await bob.enterByInvitation(await server.invite({ role: 'member' }), 'team');
  });

  after(async () => {
    await annBrowser?.close();
    await bobBrowser?.close();
    await pulse?.close();
    await server?.close();
  });

  const heardOn = (speaker: string, frequencyHz: number) =>
    eventually(
      `${frequencyHz} Hz on ${speaker}`,
      () => pulse.hear(speaker),
      (heard) => isTone(frequencyHz)(heard),
    );
  const notice = (text: string) => ann.page.getByTestId('notice').getByText(text);

  it('are tried out before it: the microphone is played back, and the speaker plays a sound', async () => {
    const { page } = ann;
    await page.getByTestId('name').fill('Ann');
    await page.getByTestId('enrol').click();
    await page.locator('[data-testid=echo-test]:not([disabled])').click();
    await page.locator('[data-testid=echo-test][data-state=recording]').waitFor();
    await page.locator('[data-testid=echo-test][data-state=playing]').waitFor();
    await heardOn('speaker', BUILTIN_HZ);
    await page.locator('[data-testid=echo-test][data-state=idle]').waitFor();
    await page.getByTestId('speaker-test').click();
    await heardOn('speaker', 523);
    await page.locator('[data-testid=speaker-test][data-playing=false]').waitFor();
  });

  it('can be changed, and the others hear and see the new ones', async () => {
    await ann.enter('team');
    await bob.hears('Ann', BUILTIN_HZ);
    await heardOn('speaker', BOB_HZ);
    await openSettings(ann.page);
    await ann.page.getByTestId('microphone-select').selectOption({ label: 'headset' });
    await bob.hears('Ann', HEADSET_HZ);

    const unplug = await pulse.plugInSpeaker('earphones');
    await notice('earphones was connected.').waitFor();
    await ann.page.getByTestId('notice-action').click();
    await heardOn('earphones', BOB_HZ);
    assert.notEqual(await ann.page.getByTestId('speaker-select').inputValue(), 'default');
    await unplug();
    await notice('Your speaker was disconnected').waitFor();
    await heardOn('speaker', BOB_HZ);

    const before = await ann.sees('Bob');
    const camera = () =>
      bob.page.evaluate(() => {
        const { canopy } = window as unknown as {
          canopy: { room: { publications: Array<{ source: string; track: MediaStreamTrack }> } };
        };
        return canopy.room.publications.find(({ source }) => source === 'camera')?.track.getSettings()
          .deviceId;
      });
    await openSettings(bob.page);
    const options = await bob.page
      .getByTestId('camera-select')
      .locator('option')
      .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
    // The second one sends depth only.
    const another = options.at(-1) ?? '';
    await bob.page.getByTestId('camera-select').selectOption(another);
    await eventually('the other camera is sent', camera, (id) => id === another);
    const now = await ann.sees('Bob');
    assert.ok(now.framesDecoded > before.framesDecoded);
    assert.deepEqual([...annBrowser.problems, ...bobBrowser.problems], []);
  });

  it('are offered when they are plugged in', async () => {
    const unplug = await pulse.plugIn('usb', USB_HZ);
    await notice('usb was connected.').waitFor();
    await ann.page.getByTestId('notice-action').click();
    await bob.hears('Ann', USB_HZ);
    await unplug();
    await notice('Your microphone was disconnected. Now using').waitFor();
    await bob.hears('Ann', BUILTIN_HZ);
  });

  it('follow the settings of the microphone’s sound', async () => {
    const settings = () =>
      ann.page.evaluate(() => {
        const { canopy } = window as unknown as {
          canopy: { room: { publications: Array<{ source: string; track: MediaStreamTrack }> } };
        };
        const sent = canopy.room.publications.find(({ source }) => source === 'microphone');
        const { noiseSuppression, echoCancellation } = sent?.track.getSettings() ?? {};
        return [noiseSuppression, echoCancellation].join();
      });
    await eventually('both are on', settings, (now) => now === 'true,true');
    await ann.page.getByTestId('noiseSuppression').uncheck();
    await eventually('noise suppression is off', settings, (now) => now === 'false,true');
    // From now on, a tone is not taken for noise.
    await ann.page.getByTestId('autoGainControl').uncheck();
    await bob.hears('Ann', BUILTIN_HZ);
  });

  it('say that a muted user speaks, who may talk by holding the space bar', async () => {
    const { page } = ann;
    await page.getByTestId('panel-close').click();
    await page.getByTestId('microphone').click();
    await eventually('Ann is muted', () => bob.hasMuted('Ann', 'microphone'));
    await notice('You are muted. Hold the space bar to talk.').waitFor();
    const muted = (expected: boolean) =>
      eventually(
        `muted: ${expected}`,
        () => bob.hasMuted('Ann', 'microphone'),
        (now) => now === expected,
      );
    // On the microphone's button, which still has the focus, too.
    await page.keyboard.down(' ');
    await muted(false);
    await bob.hears('Ann', BUILTIN_HZ);
    await page.waitForTimeout(400);
    await page.keyboard.up(' ');
    await muted(true);
    await page.getByRole('heading', { level: 1 }).focus();
    await page.keyboard.down(' ');
    await muted(false);
    await page.keyboard.up(' ');
    await muted(true);
    // A short press of the button switches it.
    await page.getByTestId('microphone').focus();
    await page.keyboard.press(' ');
    await muted(false);
    await notice('You are muted').waitFor({ state: 'detached' });
  });

  it('say that a microphone is silent, and offer a way out', async () => {
    const unplug = await pulse.plugIn('dead', 0);
    await notice('dead was connected.').waitFor();
    await ann.page.getByTestId('notice-action').click();
    await notice('No sound comes from your microphone').waitFor();
    await ann.page.getByTestId('notice-action').click();
    await ann.page.getByTestId('microphone-select').selectOption({ label: 'builtin' });
    await notice('No sound comes from your microphone').waitFor({ state: 'detached' });
    await bob.hears('Ann', BUILTIN_HZ);
    await unplug();
  });

  it('play each person as loud as chosen, until the tab closes', async () => {
    const level = async () => (await heardOn('speaker', BOB_HZ)).levelDb;
    const openVolume = async () => {
      await ann.page.locator('[data-testid=tile]', { hasText: 'Bob' }).getByTestId('tile-menu').click();
      await ann.page.getByTestId('tile-person').click();
      await ann.page.getByTestId('volume').waitFor();
    };
    await openVolume();
    const asSent = await level();
    const setVolume = (percent: number) => ann.page.getByTestId('volume').fill(String(percent));
    const near = (what: string, changeDb: number) =>
      eventually(
        what,
        async () => (await pulse.hear('speaker')).levelDb - asSent,
        (change) => Math.abs(change - changeDb) < 1.5,
      );
    await setVolume(50);
    await near('half as loud', -6);
    await setVolume(200);
    await near('twice as loud', 6);
    await setVolume(100);
    await near('as sent', 0);
    await setVolume(0);
    await eventually(
      'silence',
      () => pulse.hear('speaker'),
      ({ levelDb }) => levelDb < -70,
    );
    await ann.page.keyboard.press('Escape');
    await ann.page.reload();
    await ann.enter('team');
    await openVolume();
    assert.equal(await ann.page.getByTestId('volume').inputValue(), '0');
    await setVolume(100);
    await near('as sent', 0);
    await ann.page.keyboard.press('Escape');
  });

  it('come with details about how well everything gets through', async () => {
    await ann.sees('Bob');
    await ann.page.locator('[data-testid=tile]', { hasText: 'Bob' }).getByTestId('tile-menu').click();
    await ann.page.getByTestId('tile-person').click();
    const details = ann.page.getByTestId('quality-details');
    await eventually(
      'the details',
      async () => (await details.textContent()) ?? '',
      (text) => /connection.*PathUDP.*Camera.*[1-9]\d* kbit\/s.*VP8.*\d+ × \d+, [1-9]\d* fps/s.test(text),
    );
    await ann.page.keyboard.press('Escape');
  });

  it('receive no cameras if the user wants sound only', async () => {
    await openSettings(ann.page);
    await ann.page.getByTestId('data-use-audio').check();
    await ann.page.locator('[data-testid=tile][data-self=false] video').waitFor({ state: 'detached' });
    const bytes = async () => (await ann.video('Bob'))?.bytesReceived;
    let last = await bytes();
    await eventually('no more video arrives', async () => {
      const now = await bytes();
      const same = now === last;
      last = now;
      return same;
    });
    await bob.hears('Ann', BUILTIN_HZ);
    await ann.page.getByTestId('data-use-full').check();
    await ann.sees('Bob');
    assert.deepEqual([...annBrowser.problems, ...bobBrowser.problems], []);
  });

  it('are not opened after a call, or while they are switched off', async () => {
    await ann.page.getByTestId('microphone').click();
    await ann.click('leave');
    await ann.page.getByTestId('join').waitFor();
    const unused = () =>
      eventually(
        'no microphone is in use',
        () => pulse.inUse(),
        (inUse) => inUse.length === 0,
      );
    await unused();
    await ann.page.reload();
    await ann.page.getByTestId('preview').waitFor();
    await ann.enter('team');
    await unused();
    assert.equal(await bob.hasMuted('Ann', 'microphone'), undefined);
    await ann.page.getByTestId('microphone').click();
    await bob.hears('Ann', BUILTIN_HZ);
  });
});
