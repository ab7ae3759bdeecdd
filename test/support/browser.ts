import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { SOUND_RATE, writeSound } from './write-sound.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** How long a page may take to leave its call, in milliseconds. */
const LEAVE_MS = 1000;

/** A real Chromium with a fake camera, and a fake microphone that plays a tone. */
export class TestBrowser {
  readonly #browser: Browser;
  readonly #dir: string;
  readonly #problems: string[] = [];

  private constructor(browser: Browser, dir: string) {
    this.#browser = browser;
    this.#dir = dir;
  }

  static async launch({
    toneHz = 440,
    noise = false,
    flags = [],
    pulseServer,
    audible = false,
  }: {
    toneHz?: number;
    /** The microphone plays white noise in place of the tone. Default false. */
    noise?: boolean;
    flags?: string[];
    /** Use the microphones of this PulseAudio server, and no camera, instead of the fake ones. */
    pulseServer?: string;
    /** Play sound on the speakers of that server. Default false. */
    audible?: boolean;
  } = {}): Promise<TestBrowser> {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-browser-'));
    const wav = join(dir, 'tone.wav');
    const toneAt = (n: number) => Math.sin((2 * Math.PI * toneHz * n) / SOUND_RATE) / 2;
    writeSound(wav, noise ? () => (Math.random() * 2 - 1) / 4 : toneAt);
    const browser = await chromium.launch({
      executablePath: process.env.CANOPY_CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      ...(audible && { ignoreDefaultArgs: ['--mute-audio'] }),
      args: [
        ...FLAGS,
        ...(pulseServer === undefined
          ? ['--use-fake-device-for-media-stream=fps=15', `--use-file-for-fake-audio-capture=${wav}`]
          : []),
        ...flags,
      ],
      ...(pulseServer !== undefined && { env: { ...process.env, PULSE_SERVER: pulseServer } }),
    });
    return new TestBrowser(browser, dir);
  }

  /** Opens a page in a new profile, as another person. */
  async page(url?: string): Promise<Page> {
    const context = await this.#browser.newContext({
      permissions: ['camera', 'microphone'],
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.#problems.push(`${error.name}: ${error.message}\n${error.stack}`));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        const { url, lineNumber } = message.location();
        this.#problems.push(`${message.text()} (${url}:${lineNumber})`);
      }
    });
    if (url !== undefined) {
      await page.goto(url);
    }
    return page;
  }

  /** Errors that its pages threw or logged. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Its pages leave their calls first: otherwise the server keeps their seats for a while, and waits for them when it stops. */
  async close(): Promise<void> {
    const pages = this.#browser.contexts().flatMap((context) => context.pages());
    await Promise.all(pages.map(leaveCall));
    await this.#browser.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Leaves the call that a page is in. Never rejects. */
async function leaveCall(page: Page): Promise<void> {
  const leaving = page.evaluate('window.canopy?.room?.leave()').catch(() => undefined);
  // A page that has crashed does not answer.
  await Promise.race([leaving, delay(LEAVE_MS, undefined, { ref: false })]);
}
