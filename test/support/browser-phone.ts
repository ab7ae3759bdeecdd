import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import type { TestBrowser } from './browser.ts';
import { HEARD_HZ, type PhoneAccount } from './browser-phone-page.ts';
import { dominantTone, type HeardTone, isTone } from './heard-tone.ts';
import { eventually } from './wait.ts';

const PROGRAM = fileURLToPath(new URL('browser-phone-page.ts', import.meta.url));

/** A phone in a browser: a page with JsSIP that sends the browser's tone and measures what it hears. It answers all calls. */
export class BrowserPhone {
  readonly #page: Page;
  readonly #site: Server;

  private constructor(page: Page, site: Server) {
    this.#page = page;
    this.#site = site;
  }

  /** Opens it on a site of 127.0.0.1, and waits until it is registered. */
  static async open(browser: TestBrowser, account: PhoneAccount): Promise<BrowserPhone> {
    // A page of a real site: Chromium lets no other page connect to a loopback address.
    const site = await siteWith(await bundled());
    const page = await browser.page(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.evaluate(async (account) => {
      const program = '/phone.js';
      const { start } = await import(program);
      await start(account);
    }, account);
    return new BrowserPhone(page, site);
  }

  /** Calls a SIP URI and waits until the call is established. */
  async call(target: string): Promise<void> {
    await this.#page.evaluate((target) => globalThis.browserPhone.call(target), target);
    await this.isIn('established');
  }

  press(keys: string): Promise<void> {
    return this.#page.evaluate((keys) => globalThis.browserPhone.press(keys), keys);
  }

  /** Holds or resumes its call, and waits until the other side has accepted. */
  hold(on: boolean): Promise<void> {
    return this.#page.evaluate((on) => globalThis.browserPhone.hold(on), on);
  }

  hangUp(): Promise<void> {
    return this.#page.evaluate(() => globalThis.browserPhone.hangUp());
  }

  /** Waits until its last call is `established` or `ended`. Returns JsSIP's cause of an end. */
  async isIn(wanted: 'established' | 'ended'): Promise<string> {
    const { cause } = await eventually(
      `the call is ${wanted}`,
      () => this.#page.evaluate(() => globalThis.browserPhone.state),
      ({ state }) => state === wanted,
    );
    return cause;
  }

  /** The loudest tone of the last second. */
  async heard(): Promise<HeardTone> {
    const samples = await this.#page.evaluate(() => globalThis.browserPhone.heard());
    return dominantTone(Float64Array.from(samples.slice(-HEARD_HZ)), HEARD_HZ);
  }

  /** Waits until it has heard this tone, at this level if given, and little else for a full second. */
  hears(frequencyHz: number, levelDb?: number): Promise<HeardTone> {
    return eventually(`${frequencyHz} Hz are heard`, () => this.heard(), isTone(frequencyHz, levelDb));
  }

  async close(): Promise<void> {
    await this.#page.close();
    this.#site.close();
    this.#site.closeAllConnections();
  }
}

async function siteWith(script: string): Promise<Server> {
  const site = createServer((request, response) => {
    const isScript = request.url === '/phone.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>Phone</title>');
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  return site;
}

async function bundled(): Promise<string> {
  const result = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: PROGRAM, formats: ['es'], fileName: () => 'phone.js' },
    },
  })) as Rolldown.RolldownOutput[];
  return result[0]?.output[0].code ?? '';
}
