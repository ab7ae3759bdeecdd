import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TcpRelay } from '../bench/index.ts';
import { AttackedServer } from './support/attacked-server.ts';
import { TestBrowser } from './support/browser.ts';
import { MediaCall } from './support/media-call.ts';
import { Person } from './support/person.ts';
import type { TestServer } from './support/server.ts';

const TONE_HZ = 800;

describe('threat 10: network paths for media', () => {
  let browser: TestBrowser;

  before(async () => {
    browser = await TestBrowser.launch({ toneHz: TONE_HZ });
  });
  after(async () => {
    await browser.close();
  });

  async function portOf(server: TestServer): Promise<number> {
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    return port;
  }

  /** Lets two people in browsers join, see and hear each other, and leave. */
  async function callInBrowsers(server: TestServer): Promise<void> {
    const ann = await Person.invited(browser, server, 'Ann');
    const bob = await Person.invited(browser, server, 'Bob');
    await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
    await ann.hears('Bob', TONE_HZ);
    for (const person of [ann, bob]) {
      await person.leave();
    }
    assert.deepEqual(browser.problems, []);
  }

  it('threat 10: TCP only, if UDP is blocked', async (t) => {
    const attacked = await AttackedServer.start({ flags: ['--workers', '1', '--announce', '127.0.0.2'] });
    const port = await portOf(attacked.server);
    // At the announced address, TCP is relayed to the worker, and UDP is not.
    const relay = await TcpRelay.create({
      listen: { address: '127.0.0.2', port },
      upstream: { address: '127.0.0.1', port },
    });
    t.after(() => relay.close());
    try {
      await callInBrowsers(attacked.server);
    } finally {
      await attacked.close();
    }
  });

  it('threat 10: IPv6 only, with and without a browser', async () => {
    const attacked = await AttackedServer.start({ flags: ['--workers', '1', '--announce', '::1'] });
    try {
      const call = await MediaCall.start(attacked.server, 'others');
      await callInBrowsers(attacked.server);
      await call.goesOn();
      await call.leave();
    } finally {
      await attacked.close();
    }
  });
});
