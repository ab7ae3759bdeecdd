import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UdpRelay } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

/** The goal is 5 s after the first attempt; this adds time for joining and for a loaded machine. */
const SAID_WITHIN_MS = 5 * 5000;

describe('a room whose media ports are blocked', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let port: number;
  let relay: UdpRelay | undefined;

  before(async () => {
    // The worker announces an address where nothing listens until the relay starts.
    server = await TestServer.start({ flags: ['--workers', '1', '--announce', '127.0.0.2'] });
    port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}') ?? 0;
    browser = await TestBrowser.launch();
  });

  after(async () => {
    await browser.close();
    await server.close();
    relay?.close();
  });

  it('reports it to the people affected, to others and in the log, and withdraws it when media gets through', async () => {
    const ann = await Person.invited(browser, server, 'Ann');
    const trouble = ann.page.getByTestId('media-trouble');
    await trouble.waitFor({ timeout: SAID_WITHIN_MS });
    assert.match(
      (await trouble.textContent()) ?? '',
      /No connection: others cannot hear or see you\. Trying again/,
    );

    const bob = await Person.invited(browser, server, 'Bob');
    const annAtBob = bob.page.locator('[data-testid=tile][data-self=false][data-media-connected=false]');
    await annAtBob.waitFor({ timeout: SAID_WITHIN_MS });
    assert.match((await annAtBob.textContent()) ?? '', /no audio or video/);
    await bob.page.getByText('No connection for audio and video.').waitFor({ timeout: SAID_WITHIN_MS });

    await trouble.getByText('canopy doctor').waitFor({ timeout: 75_000 });
    assert.match(
      (await trouble.textContent()) ?? '',
      new RegExp(`UDP 127\\.0\\.0\\.2:${port}.*TCP 127\\.0\\.0\\.2:${port}`),
    );
    const line = await eventually('the log names the peer and the ports', () =>
      server.log.split('\n').find((each) => each.includes('media cannot connect')),
    );
    const { peerId, accountId, candidates } = JSON.parse(line ?? '{}');
    assert.match(`${peerId} ${accountId}`, /^[0-9a-f-]{36} [0-9a-f]{64}$/);
    assert.ok(candidates.includes(`udp 127.0.0.2:${port}`), String(candidates));

    relay = await UdpRelay.create({
      listen: { address: '127.0.0.2', port },
      upstream: { address: '127.0.0.1', port },
    });
    await bob.sees('Ann');
    await trouble.waitFor({ state: 'detached' });
    await annAtBob.waitFor({ state: 'detached' });
    assert.deepEqual(browser.problems, []);
  });
});
