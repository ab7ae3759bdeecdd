import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { TcpRelay, UdpRelay } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Coturn } from './support/coturn.ts';
import { FirefoxBrowser } from './support/firefox.ts';
import { untilBaseline } from './support/gauges.ts';
import { ownAddress } from './support/large-scene.ts';
import { installed } from './support/programs.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

/** The announced media address, where only relays listen. */
const MEDIA = '127.0.0.2';

const address = ownAddress();
const firefoxSkip =
  !((await installed('firefox-esr')) && address) && 'there is no Firefox or no network here';

describe('the connection test before a call', () => {
  let browser: TestBrowser;
  let coturn: Coturn;
  const secret = randomBytes(24).toString('hex');

  before(async () => {
    coturn = await Coturn.start({ secret, peer: MEDIA });
    browser = await TestBrowser.launch({ flags: ['--use-fake-device-for-media-stream=fps=5'] });
  });
  after(async () => {
    await browser.close();
    await coturn.stop();
  });

  async function start(options: Parameters<typeof TestServer.start>[0] = {}) {
    const server = await TestServer.start({ flags: ['--workers', '1', '--announce', MEDIA], ...options });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}') ?? 0;
    const relayed = { listen: { address: MEDIA, port }, upstream: { address: '127.0.0.1', port } };
    return { server, relayed };
  }

  /** Enrols, runs the test in the lobby, and returns what the page says. */
  async function test(
    server: TestServer,
  ): Promise<{ page: Page; states: Record<string, string | null>; text: string }> {
    const page = await browser.page(await server.invite({ roomId: 'team' }));
    await page.getByTestId('name').fill('Ann');
    await page.getByTestId('enrol').click();
    await page.getByTestId('path-test').click();
    await page.locator('[data-testid=path-check][aria-busy=true]').waitFor();
    await page.locator('[data-testid=path-check][aria-busy=false]').waitFor();
    const states: Record<string, string | null> = {};
    for (const path of ['udp', 'tcp', 'relay']) {
      const element = page.getByTestId(`path-${path}`);
      if ((await element.count()) > 0) {
        states[path] = await element.getAttribute('data-state');
      }
    }
    return { page, states, text: (await page.getByTestId('path-check').textContent()) ?? '' };
  }

  it('says that calls use UDP, and how many videos the link allows', async (t) => {
    const { server, relayed } = await start();
    t.after(() => server.close());
    const relays = [await UdpRelay.create(relayed), await TcpRelay.create(relayed)];
    t.after(() => relays.map((relay) => relay.close()));
    const { page, states, text } = await test(server);
    assert.deepEqual(states, { udp: 'connected', tcp: 'connected' });
    assert.match(text, /Your calls will use UDP/);
    assert.match(text, /3 videos at medium quality, or 11 at low quality/);
    assert.match(text, /Round-trip time\d+ ms.*Packet loss0%.*2 Mbit\/s or more/);
    await page.close();
    await untilBaseline(server);
    assert.deepEqual(browser.problems, []);
  });

  it('with UDP blocked, says that calls use TCP', async (t) => {
    const { server, relayed } = await start();
    t.after(() => server.close());
    const relay = await TcpRelay.create(relayed);
    t.after(() => relay.close());
    const { page, states, text } = await test(server);
    assert.deepEqual(states, { udp: 'blocked', tcp: 'connected' });
    assert.match(text, /Your calls will use TCP.*Your network blocks UDP/);
    assert.match(text, /videos at medium quality/);
    await page.close();
    assert.deepEqual(browser.problems, []);
  });

  it('with everything else blocked, says that calls use the TURN relay', async (t) => {
    const { server, relayed } = await start({
      flags: ['--workers', '1', '--announce', MEDIA],
      env: { CANOPY_TURN_URLS: `turn:127.0.0.1:${coturn.port}`, CANOPY_TURN_SECRET: secret },
    });
    t.after(() => server.close());
    const relay = await UdpRelay.create(relayed);
    relay.filter = (_packet, _towards, client) => coturn.isRelayed(client);
    t.after(() => relay.close());
    const { page, states, text } = await test(server);
    assert.deepEqual(states, { udp: 'blocked', tcp: 'blocked', relay: 'connected' });
    assert.match(text, /Your calls will use TURN relay/);
    await page.close();
    assert.deepEqual(browser.problems, []);
  });

  it('with a link of 1 Mbit/s, says that it is enough for few videos', async (t) => {
    const { server, relayed } = await start();
    t.after(() => server.close());
    const relay = await UdpRelay.create({
      ...relayed,
      down: [{ atMs: 0, profile: { rateBps: 1_000_000, queueMs: 100, delayMs: 40 } }],
    });
    t.after(() => relay.close());
    const { page, text } = await test(server);
    assert.match(text, /Enough for about 1 video at medium quality, or [3-6] at low quality/);
    const [, roundTripMs] = /Round-trip time(\d+) ms/.exec(text) ?? [];
    assert.ok(Number(roundTripMs) >= 40 && Number(roundTripMs) < 200, text);
    await page.close();
  });

  it('runs in Firefox', { skip: firefoxSkip }, async (t) => {
    const { server, relayed } = await start();
    t.after(() => server.close());
    const relay = await UdpRelay.create({
      listen: { address: address ?? '', port: 0 },
      upstream: relayed.upstream,
      down: [{ atMs: 0, profile: { rateBps: 1_000_000, queueMs: 100 } }],
    });
    t.after(() => relay.close());
    const firefox = await FirefoxBrowser.launch(relay.address);
    t.after(() => firefox.close());
    const page = await firefox.page();
    await page.goto(await server.invite({ roomId: 'team' }));
    await page.getByTestId('name').fill('Ann');
    await page.getByTestId('enrol').click();
    await page.getByTestId('path-test').click();
    const text = await eventually(
      'the test is done',
      () =>
        page.evaluate(() => document.querySelector('[data-testid=path-check][aria-busy=false]')?.textContent),
      (now) => now?.includes('UDP') ?? false,
    );
    assert.match(text ?? '', /Your calls will use UDP.*Enough for about/s);
    const [, small] = /or (\d+) at low quality/.exec(text ?? '') ?? [];
    assert.ok(Number(small) >= 3 && Number(small) <= 6, text);
  });

  it('with everything blocked, says so', async (t) => {
    const { server } = await start();
    t.after(() => server.close());
    const { page, states, text } = await test(server);
    assert.deepEqual(states, { udp: 'blocked', tcp: 'blocked' });
    assert.match(text, /cannot reach the server from this network/);
    await page.close();
  });
});
