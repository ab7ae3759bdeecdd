import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { keepTones } from './support/call-steps.ts';
import { isTone } from './support/heard-tone.ts';
import { Person } from './support/person.ts';
import { installed } from './support/programs.ts';
import { PulseAudio } from './support/pulse-audio.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const BOB_HZ = 600;
const BUILTIN_HZ = 440;
const HEADSET_HZ = 880;
const USB_HZ = 1200;

/** The page's debug handle, and the last element that it played. */
interface Handle {
  canopy: { room: { publications: Array<{ source: string; track: MediaStreamTrack }> } };
  played?: HTMLMediaElement;
}
declare const window: Handle;

async function openSettings(page: Page): Promise<void> {
  await page.getByTestId('more').click();
  await page.getByTestId('panel-settings').click();
  await page.locator('[data-panel=settings] [data-testid=microphone-select]').waitFor();
}

/** A person whose page keeps tones as they are, in the lobby. */
async function inLobby(browser: TestBrowser, server: TestServer, name: string): Promise<Person> {
  const page = await browser.page();
  await keepTones(page);
  await page.goto(await server.invite({ role: 'member', roomId: 'team' }));
  await page.getByTestId('name').fill(name);
  await page.getByTestId('enrol').click();
  await page.getByTestId('preview').waitFor();
  return new Person(page, name);
}

const sentFrom = (page: Page, source: string) =>
  page.evaluate(
    (source) =>
      window.canopy.room.publications.find((each) => each.source === source)?.track.getSettings().deviceId,
    source,
  );

const noticeOf = ({ page }: Person, text: string) => page.getByTestId('notice').getByText(text);

const skip =
  !((await installed('pulseaudio')) && (await installed('pactl')) && (await installed('parec'))) &&
  'there is no PulseAudio here';

describe('devices that are changed, come and go in a call', { skip }, () => {
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
    ann = await inLobby(annBrowser, server, 'Ann');
    bob = await inLobby(bobBrowser, server, 'Bob');
    await ann.enter('team');
    await bob.enter('team');
  });

  after(async () => {
    await annBrowser?.close();
    await bobBrowser?.close();
    await pulse?.close();
    await server?.close();
  });

  const heardOn = (speaker: string, frequencyHz: number) =>
    eventually(`${frequencyHz} Hz on ${speaker}`, () => pulse.hear(speaker), isTone(frequencyHz));
  /** Takes up the offer to use new devices. */
  const accept = (label: string) =>
    ann.page
      .getByTestId('notice')
      .filter({ hasText: `${label} was connected.` })
      .getByTestId('notice-action')
      .click();

  it('the others hear another microphone, and see another camera', async () => {
    await bob.hears('Ann', BUILTIN_HZ);
    await openSettings(ann.page);
    await ann.page.getByTestId('microphone-select').selectOption({ label: 'headset' });
    await bob.hears('Ann', HEADSET_HZ);

    const before = await ann.sees('Bob');
    await openSettings(bob.page);
    const options = await bob.page
      .getByTestId('camera-select')
      .locator('option')
      .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
    // The second one sends depth only.
    const another = options.at(-1) ?? '';
    await bob.page.getByTestId('camera-select').selectOption(another);
    await eventually(
      'the other camera is sent',
      () => sentFrom(bob.page, 'camera'),
      (id) => id === another,
    );
    const now = await ann.sees('Bob');
    assert.ok(now.framesDecoded > before.framesDecoded);
  });

  it('a new speaker is offered, used, and replaced when it is unplugged', async () => {
    await heardOn('speaker', BOB_HZ);
    const unplug = await pulse.plugInSpeaker('earphones');
    await accept('earphones');
    await heardOn('earphones', BOB_HZ);
    await unplug();
    await noticeOf(ann, 'Your speaker was disconnected').waitFor();
    await heardOn('speaker', BOB_HZ);
  });

  it('a new microphone is offered, used, and replaced when it is unplugged', async () => {
    const unplug = await pulse.plugIn('usb', USB_HZ);
    await accept('usb');
    await bob.hears('Ann', USB_HZ);
    await unplug();
    await noticeOf(ann, 'Your microphone was disconnected. Now using').waitFor();
    await bob.hears('Ann', BUILTIN_HZ);
  });

  it('the settings of the microphone’s sound take effect at once', async () => {
    const settings = () =>
      ann.page.evaluate(() => {
        const sent = window.canopy.room.publications.find(({ source }) => source === 'microphone');
        const { noiseSuppression, echoCancellation } = sent?.track.getSettings() ?? {};
        return [noiseSuppression, echoCancellation].join();
      });
    await eventually('both are off', settings, (now) => now === 'false,false');
    await ann.page.getByTestId('echoCancellation').check();
    await ann.page.getByTestId('noiseSuppression').check();
    await eventually('both are on', settings, (now) => now === 'true,true');
    // The second change comes while the microphone is being opened for the first one.
    await ann.page.evaluate(() => {
      for (const name of ['noiseSuppression', 'echoCancellation']) {
        document.querySelector<HTMLElement>(`[data-testid="${name}"]`)?.click();
      }
    });
    await eventually('both are off again', settings, (now) => now === 'false,false');
    await bob.hears('Ann', BUILTIN_HZ);
    assert.deepEqual([...annBrowser.problems, ...bobBrowser.problems], []);
  });

  it('nothing is opened after a call, or while it is switched off', async () => {
    await ann.page.getByTestId('panel-close').click();
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

describe('trying out devices, and feedback in a call', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    browser = await TestBrowser.launch({ toneHz: BOB_HZ });
    ann = await inLobby(browser, server, 'Ann');
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  /** The level of what an element plays, in dBFS. */
  const levelOf = (page: Page, which: 'remote' | 'played') =>
    page.evaluate(async (which) => {
      const element =
        which === 'played'
          ? window.played
          : document.querySelector<HTMLMediaElement>('[data-testid=remote-audio]');
      if (!(element?.srcObject instanceof MediaStream)) {
        return undefined;
      }
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 16_384;
      context.createMediaStreamSource(element.srcObject).connect(analyser);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      await context.close();
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return 10 * Math.log10(power * element.volume ** 2 + 1e-12);
    }, which);

  it('the microphone is recorded and played back, and the speaker plays a sound', async () => {
    const { page } = ann;
    await page.evaluate(() => {
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
        window.played = this;
        return Reflect.apply(play, this, []);
      };
    });
    await page.locator('[data-testid=echo-test]:not([disabled])').click();
    await page.locator('[data-testid=echo-test][data-state=recording]').waitFor();
    await page.waitForFunction(() => window.played?.srcObject);
    assert.ok(((await levelOf(page, 'played')) ?? 0) < -70, 'nothing is played while recording');
    await page.locator('[data-testid=echo-test][data-state=playing]').waitFor();
    assert.ok(((await levelOf(page, 'played')) ?? -90) > -30, 'the recording is played');
    await page.locator('[data-testid=echo-test][data-state=idle]').waitFor();
    await page.evaluate(() => {
      delete window.played;
    });
    await page.getByTestId('speaker-test').click();
    await page.waitForFunction(() => window.played?.srcObject && !window.played.paused);
    await page.locator('[data-testid=speaker-test][data-playing=false]').waitFor();
    await ann.enter('team');
    bob = await inLobby(browser, server, 'Bob');
    await bob.enter('team');
    await bob.hears('Ann', BOB_HZ);
  });

  it('a muted user who speaks is told so, and may talk by holding the space bar', async () => {
    const { page } = ann;
    const muted = (expected: boolean) =>
      eventually(
        `muted: ${expected}`,
        () => bob.hasMuted('Ann', 'microphone'),
        (now) => now === expected,
      );
    await page.getByTestId('microphone').click();
    await muted(true);
    await noticeOf(ann, 'You are muted. Hold the space bar to talk.').waitFor();
    // On the microphone's button, which still has the focus, too.
    await page.keyboard.down(' ');
    await muted(false);
    await bob.hears('Ann', BOB_HZ);
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
    await noticeOf(ann, 'You are muted').waitFor({ state: 'detached' });
  });

  it('a silent microphone is noticed, with a way out', async () => {
    const silent = await TestBrowser.launch({ toneHz: 0 });
    try {
      const carol = await inLobby(silent, server, 'Carol');
      await carol.enter('team');
      await noticeOf(carol, 'Your microphone picks up no sound').waitFor();
      await carol.page.getByTestId('notice-action').click();
      await carol.page.locator('[data-panel=settings] [data-testid=microphone-select]').waitFor();
      await carol.leave();
    } finally {
      await silent.close();
    }
  });

  const openPerson = async () => {
    const tile = ann.page.locator('[data-testid=tile]', { hasText: 'Bob' });
    await tile.hover();
    await tile.getByTestId('tile-menu').click();
    await ann.page.getByTestId('tile-person').click();
    await ann.page.getByTestId('volume').waitFor();
  };

  it('each person is as loud as chosen, until the tab closes', async () => {
    await openPerson();
    const level = async () => (await levelOf(ann.page, 'remote')) ?? 0;
    const asSent = await level();
    const setVolume = (percent: number) => ann.page.getByTestId('volume').fill(String(percent));
    const near = (what: string, changeDb: number) =>
      eventually(
        what,
        async () => (await level()) - asSent,
        (change) => Math.abs(change - changeDb) < 1.5,
      );
    await near('as sent', 0);
    await setVolume(50);
    await near('half as loud', -6);
    await setVolume(200);
    await near('twice as loud', 6);
    await setVolume(0);
    await eventually('silence', level, (now) => now < -90);
    await ann.page.keyboard.press('Escape');
    await ann.page.reload();
    await ann.enter('team');
    await bob.hears('Ann', BOB_HZ);
    await openPerson();
    assert.equal(await ann.page.getByTestId('volume').inputValue(), '0');
    await setVolume(100);
    await near('as sent again', 0);
    await ann.page.keyboard.press('Escape');
  });

  it('there are details about how well someone’s media gets through', async () => {
    await ann.sees('Bob');
    await openPerson();
    const details = ann.page.getByTestId('quality-details');
    await eventually(
      'the details',
      async () => (await details.textContent()) ?? '',
      (text) => /connection.*PathUDP.*Camera.*[1-9]\d* kbit\/s.*VP8.*\d+ × \d+, [1-9]\d* fps/s.test(text),
    );
    await ann.page.keyboard.press('Escape');
  });

  it('whoever wants sound only gets no cameras', async () => {
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
    await bob.hears('Ann', BOB_HZ);
    await ann.page.getByTestId('data-use-full').check();
    await ann.sees('Bob');
    assert.deepEqual(browser.problems, []);
  });
});
