import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { Person } from '../support/person.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';

describe('live streams on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ann: Person;
  let bob: HeadlessPerson;

  before(async () => {
    server = await TestServer.start({
      env: { CANOPY_LIVE_HLS: 'true', CANOPY_LIVE_HEIGHT: '240' },
      flags: ['--workers', '1'],
    });
    browser = await TestBrowser.launch();
    ann = new Person(await browser.page(), 'Ann');
    await ann.enterByInvitation(await server.invite({ role: 'member', roomId: ROOM }), ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
  });
  after(async () => {
    await bob?.leave();
    await browser?.close();
    await server?.close();
  });

  it('say what they cost before they start, and are shown as long as they run', async () => {
    const { page } = ann;
    await ann.click('more');
    await ann.click('go-live');
    assert.match((await page.getByTestId('live-cost').textContent()) ?? '', /processor core.*2628 kbit\/s/);
    await ann.click('live-submit');
    const link = page.getByTestId('live-link');
    await link.waitFor({ timeout: 60_000 });
    assert.equal(await link.getAttribute('href'), bob.room.live.running?.path);
    await bob.room.live.stop();
    await eventually(
      'the sign is gone',
      () => page.getByTestId('live').count(),
      (count) => count === 0,
    );
  });
});
