import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UdpRelay } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';

/** The announced media address, where only the relay listens. */
const MEDIA = '127.0.0.2';

describe('signs for the quality of connections', () => {
  let server: TestServer;
  let relay: UdpRelay;
  let browser: TestBrowser;
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1', '--announce', MEDIA] });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}') ?? 0;
    relay = await UdpRelay.create({
      listen: { address: MEDIA, port },
      upstream: { address: '127.0.0.1', port },
    });
    browser = await TestBrowser.launch();
    ann = await Person.invited(browser, server, 'Ann');
    bob = await Person.invited(browser, server, 'Bob');
  });
  after(async () => {
    await browser.close();
    relay.close();
    await server.close();
  });

  const sign = (self: boolean, quality: string) =>
    ann.page.locator(`[data-testid=tile][data-self=${self}] [data-testid=quality][data-quality=${quality}]`);

  it('appear on tiles when packets are lost, say why, and go', async () => {
    await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
    relay.shape({ down: { loss: { kind: 'random', share: 0.2 } } });
    await sign(false, 'poor').waitFor({ timeout: 60_000 });
    await sign(false, 'poor').click();
    const details = ann.page.getByTestId('quality-details');
    await details.getByText('Packets are lost on the way').waitFor();
    await ann.page.keyboard.press('Escape');
    assert.equal(await ann.page.locator('[data-testid=tile][data-self=true] [data-quality=poor]').count(), 0);
    relay.shape({ down: {} });
    await ann.page
      .locator('[data-testid=tile][data-self=false] [data-testid=quality]')
      .waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('appear on the own tile when the own uplink loses packets', async () => {
    relay.shape({ up: { loss: { kind: 'random', share: 0.2 } } });
    await sign(true, 'poor').waitFor({ timeout: 60_000 });
    relay.shape({ up: {} });
  });

  it('show that nothing gets through', async () => {
    relay.filter = () => false;
    await sign(false, 'none').waitFor({ timeout: 60_000 });
    await sign(true, 'none').waitFor({ timeout: 60_000 });
    await ann.page.getByTestId('media-trouble').waitFor();
    relay.filter = () => true;
    await sign(false, 'none').waitFor({ state: 'detached', timeout: 60_000 });
    assert.deepEqual(browser.problems, []);
  });
});
