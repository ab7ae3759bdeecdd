import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { installed } from './support/programs.ts';
import { PulseAudio } from './support/pulse-audio.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

type Kind = 'camera' | 'microphone';

/** The device whose media is sent; before joining, the selected one. */
function sentDevice(page: Page, kind: Kind): Promise<string | undefined> {
  return page.evaluate((kind) => {
    const { canopy } = window as unknown as {
      canopy: { room: { publications: Array<{ source: string; track: MediaStreamTrack }> } };
    };
    const sent = canopy.room.publications.find(({ source }) => source === kind);
    return sent?.track.getSettings().deviceId;
  }, kind);
}

const shownDevice = (page: Page, kind: Kind) => page.getByTestId(`${kind}-select`).inputValue();

describe('choosing devices', () => {
  let server: TestServer;
  let browser: TestBrowser;

  before(async () => {
    server = await TestServer.start();
    browser = await TestBrowser.launch({ flags: ['--use-fake-device-for-media-stream=device-count=3'] });
  });

  after(async () => {
    await browser.close();
    await server.close();
  });

  it('sends from the devices chosen in the lobby, even after a reload', async () => {
    const page = await browser.page(await server.invite({ roomId: 'team' }));
    await page.getByTestId('name').fill('Ann');
    await page.getByTestId('enrol').click();
    await page.getByTestId('camera-select').waitFor();
    const chosen = {} as Record<Kind, string>;
    for (const kind of ['camera', 'microphone'] as const) {
      const options = await page
        .getByTestId(`${kind}-select`)
        .locator('option')
        .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
      const another = options.at(-1) ?? '';
      assert.notEqual(await shownDevice(page, kind), another);
      await page.getByTestId(`${kind}-select`).selectOption(another);
      await eventually(
        `the lobby shows the ${kind}`,
        () => shownDevice(page, kind),
        (id) => id === another,
      );
      chosen[kind] = another;
    }
    const person = new Person(page, 'Ann');
    const sent = async (kind: Kind) =>
      eventually(
        `the ${kind} is sent`,
        () => sentDevice(page, kind),
        (id) => id !== undefined,
      );
    await person.enter('team');
    for (const kind of ['camera', 'microphone'] as const) {
      assert.equal(await sent(kind), chosen[kind]);
    }
    await page.reload();
    await page.getByTestId('camera-select').waitFor();
    for (const kind of ['camera', 'microphone'] as const) {
      await eventually(
        `the lobby shows the ${kind}`,
        () => shownDevice(page, kind),
        (id) => id === chosen[kind],
      );
    }
    await person.enter('team');
    for (const kind of ['camera', 'microphone'] as const) {
      assert.equal(await sent(kind), chosen[kind]);
    }
    assert.deepEqual(browser.problems, []);
  });

  it('silently opens the default device if the chosen one is gone', async () => {
    const page = await browser.page(await server.invite({ roomId: 'team' }));
    await page.evaluate(() =>
      localStorage.setItem('canopy.devices', JSON.stringify({ camera: 'gone', microphone: 'gone' })),
    );
    await page.reload();
    await page.getByTestId('name').fill('Bob');
    await page.getByTestId('enrol').click();
    await page.getByTestId('camera-select').waitFor();
    assert.notEqual(await shownDevice(page, 'camera'), 'gone');
    assert.equal(await page.getByTestId('device-problem').count(), 0);
  });
});

const skip =
  !((await installed('pulseaudio')) && (await installed('pactl'))) && 'there is no PulseAudio here';

describe('microphones that come and go', { skip }, () => {
  let server: TestServer;
  let pulse: PulseAudio;
  let browser: TestBrowser;

  before(async () => {
    server = await TestServer.start();
    pulse = await PulseAudio.start();
    browser = await TestBrowser.launch({ pulseServer: pulse.address });
  });

  after(async () => {
    await browser?.close();
    await pulse?.close();
    await server.close();
  });

  const listensTo = (name: string) =>
    eventually(
      `the page listens to ${name}`,
      () => pulse.inUse(),
      (inUse) => inUse.join() === name,
    );

  it('switches to another microphone, says so, and switches back when the chosen one returns', async () => {
    const unplugBuiltin = await pulse.plugIn('builtin');
    const unplugHeadset = await pulse.plugIn('headset');
    await pulse.setDefault('builtin');
    const page = await browser.page(await server.invite({ roomId: 'team' }));
    await page.getByTestId('name').fill('Ann');
    await page.getByTestId('enrol').click();
    await page.getByTestId('microphone-select').selectOption({ label: 'headset' });
    await new Person(page, 'Ann').enter('team');
    await listensTo('headset');

    await unplugHeadset();
    await page.getByText('Your microphone was disconnected. Now using Default').waitFor();
    await listensTo('builtin');
    assert.notEqual(await sentDevice(page, 'microphone'), undefined);

    const unplugAgain = await pulse.plugIn('headset');
    await listensTo('headset');

    await unplugBuiltin();
    await unplugAgain();
    await page.getByText('Your microphone was disconnected. Plug it in again').waitFor();
    assert.equal(await page.getByTestId('microphone').getAttribute('data-on'), 'false');

    await pulse.plugIn('other');
    await listensTo('other');
    await page.locator('[data-testid=microphone][data-on=true]').waitFor();
    assert.deepEqual(browser.problems, []);
  });
});
