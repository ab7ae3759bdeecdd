import type { CDPSession, Page } from 'playwright-core';

/** A request of the page over its WebSocket, in milliseconds on this process's clock (performance.now()). */
export interface Signal {
  name: string;
  sentMs: number;
  answeredMs: number | undefined;
}

interface Frame {
  /** Seconds of the machine's monotonic clock. */
  timestamp: number;
  response: { payloadData: string };
}

/** How far the machine's monotonic clock, which Chromium uses too, is ahead of performance.now(). */
const AHEAD_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Notes a page's requests and their answers: socket.io's events with acknowledgement, `42ID["name",…]` and `43ID[…]`. */
export class Signals {
  readonly #devtools: CDPSession;
  #signals = new Map<string, Signal>();

  private constructor(devtools: CDPSession) {
    this.#devtools = devtools;
    devtools.on('Network.webSocketFrameSent', ({ timestamp, response }: Frame) => {
      const [, id, name] = /^42(\d+)\["([^"]+)"/.exec(response.payloadData) ?? [];
      if (id !== undefined && name !== undefined) {
        this.#signals.set(id, { name, sentMs: timestamp * 1000 - AHEAD_MS, answeredMs: undefined });
      }
    });
    devtools.on('Network.webSocketFrameReceived', ({ timestamp, response }: Frame) => {
      const [, id = ''] = /^43(\d+)\[/.exec(response.payloadData) ?? [];
      const signal = this.#signals.get(id);
      if (signal) {
        signal.answeredMs = timestamp * 1000 - AHEAD_MS;
      }
    });
  }

  static async of(page: Page): Promise<Signals> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    return new Signals(devtools);
  }

  /** Forgets what was sent so far. */
  clear(): void {
    this.#signals = new Map();
  }

  get all(): Signal[] {
    return [...this.#signals.values()];
  }

  async close(): Promise<void> {
    await this.#devtools.detach();
  }
}
