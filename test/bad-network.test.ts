import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UdpRelay } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const TONE_HZ = 700;
/** In each direction. */
const LINK = [{ atMs: 0, profile: { delayMs: 50, loss: { kind: 'random' as const, share: 0.01 } } }];

describe('two people in browsers on a network with 50 ms delay and 1 % loss each way', () => {
  let server: TestServer;
  let relay: UdpRelay;
  let browser: TestBrowser;
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1', '--announce', '127.0.0.2'] });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    relay = await UdpRelay.create({
      listen: { address: '127.0.0.2', port },
      upstream: { address: '127.0.0.1', port },
      up: LINK,
      down: LINK,
    });
    browser = await TestBrowser.launch({ toneHz: TONE_HZ });
    ann = new Person(await browser.page(), 'Ann');
    bob = new Person(await browser.page(), 'Bob');
  });

  after(async () => {
    await browser.close();
    relay.close();
    await server.close();
  });

  const counters = () => {
    const links = relay.counters.flatMap(({ up, down }) => [up, down]);
    const sum = (pick: (link: (typeof links)[number]) => number) =>
      links.reduce((total, link) => total + pick(link), 0);
    return {
      passed: sum(({ deliveredPackets }) => deliveredPackets),
      lost: sum(({ lostPackets }) => lostPackets),
    };
  };

  it('see and hear each other entirely through that network', async () => {
    await ann.enterByInvitation(await server.invite({ role: 'member' }), 'team');
    await bob.enterByInvitation(await server.invite({ role: 'member' }), 'team');
    await Promise.all([ann.sees('Bob', { frames: 60 }), bob.sees('Ann', { frames: 60 })]);
    await ann.hears('Bob', TONE_HZ);
    await bob.hears('Ann', TONE_HZ);
    const { passed, lost } = counters();
    assert.ok(passed > 500 && lost > 0, `${passed} packets passed, ${lost} were lost`);
  });

  it('threat 10: stay connected when a NAT drops their mappings and assigns other ports', async () => {
    const before = counters().passed;
    relay.rebind();
    await Promise.all([ann.sees('Bob', { frames: 60 }), bob.sees('Ann', { frames: 60 })]);
    await ann.hears('Bob', TONE_HZ);
    assert.ok(counters().passed > before + 100, 'the media still takes this way');
    assert.deepEqual(await Promise.all([ann.state(), bob.state()]), ['connected', 'connected']);
  });

  it('leave no objects behind', async () => {
    await bob.click('leave');
    await eventually(
      'Bob is off the roster',
      () => ann.roster(),
      (roster) => roster.join() === 'Ann',
    );
    await ann.click('leave');
    await Promise.all([ann.page.close(), bob.page.close()]);
    await untilBaseline(server);
    assert.deepEqual(browser.problems, []);
  });
});
