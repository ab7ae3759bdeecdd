import type { Browser, CDPSession, Page } from 'playwright-core';
import { cpuSecondsOf } from './process-cpu.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=30',
  '--allow-loopback-in-peer-connection',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const WINDOW = { width: 1280, height: 800 };

/** There is no Chromium, or nothing to drive it with. */
export class ChromiumUnavailable extends Error {}

/** A kind of Chromium's processes. */
export type ProcessType = 'renderer' | 'GPU' | 'other';

/** A headless Chromium with a fake camera and microphone, whose processes can be measured. */
export class Chromium {
  readonly version: string;
  readonly #browser: Browser;
  readonly #devtools: CDPSession;

  private constructor(browser: Browser, devtools: CDPSession) {
    this.#browser = browser;
    this.#devtools = devtools;
    this.version = browser.version();
  }

  /** @throws {ChromiumUnavailable} */
  static async launch(): Promise<Chromium> {
    const executablePath = process.env.CANOPY_CHROMIUM ?? '/usr/bin/chromium';
    try {
      const { chromium } = await import('playwright-core');
      const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
      return new Chromium(browser, await browser.newBrowserCDPSession());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ChromiumUnavailable(
        `This scenario needs playwright-core and Chromium (${executablePath}, or CANOPY_CHROMIUM): ${reason}`,
        { cause },
      );
    }
  }

  /** Opens an empty page in a new profile. */
  async page(): Promise<Page> {
    const context = await this.#browser.newContext({
      permissions: ['camera', 'microphone'],
      viewport: WINDOW,
    });
    return context.newPage();
  }

  /** CPU time that its processes have used so far, in seconds. */
  async cpuSeconds(): Promise<Record<ProcessType, number>> {
    const used = { renderer: 0, GPU: 0, other: 0 };
    const { processInfo } = await this.#devtools.send('SystemInfo.getProcessInfo');
    for (const { type, id } of processInfo) {
      used[type === 'renderer' || type === 'GPU' ? type : 'other'] += cpuSecondsOf(id);
    }
    return used;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
