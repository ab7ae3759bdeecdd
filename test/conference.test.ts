import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ANN_HZ = 500;
const BOB_HZ = 900;

describe('two people in a conference', () => {
  let server: TestServer;
  let browsers: TestBrowser[];
  let ann: Person;
  let bob: Person;

  before(async () => {
    server = await TestServer.start();
    browsers = await Promise.all([
      TestBrowser.launch({ toneHz: ANN_HZ }),
      TestBrowser.launch({ toneHz: BOB_HZ }),
    ]);
    const [first, second] = await Promise.all(browsers.map((browser) => browser.page()));
    assert.ok(first && second);
    ann = new Person(first, 'Ann');
    bob = new Person(second, 'Bob');
  });

  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.close();
  });

  it('join with the printed invitation and with one created in the room', async () => {
    await ann.enterByInvitation(server.firstInvitation, 'team');
    await ann.click('invite');
    await ann.click('one-time');
    await ann.click('invite-member');
    const link = await ann.page.getByTestId('invite-link').inputValue();
    await ann.page.keyboard.press('Escape');
    await bob.enterByInvitation(link, 'team');
    await eventually(
      'both are on both rosters',
      async () => [await ann.roster(), await bob.roster()],
      ([a, b]) => [a, b].every((roster) => roster?.join() === 'Ann,Bob'),
    );
  });

  it('see each other in VP8 and hear each other', async () => {
    const [atAnn, atBob] = await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
    assert.equal(atAnn.codec, 'video/VP8');
    assert.equal(atBob.codec, 'video/VP8');
    await Promise.all([ann.hears('Bob', BOB_HZ), bob.hears('Ann', ANN_HZ)]);
  });

  it('see each other in VP9', async () => {
    await Promise.all([ann.sendCameraAs('vp9'), bob.sendCameraAs('vp9')]);
    const [atAnn, atBob] = await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);
    assert.equal(atAnn.codec, 'video/VP9');
    assert.equal(atBob.codec, 'video/VP9');
  });

  it('continue after a lost socket, without new consumers', async () => {
    const before = await bob.video('Ann');
    await bob.cutSocket();
    await eventually(
      'Bob is connected again',
      () => bob.state(),
      (state) => state === 'connected',
    );
    const after = await bob.sees('Ann');
    assert.ok(before && after.framesDecoded > before.framesDecoded);
    await ann.sees('Bob');
    assert.deepEqual(await bob.roster(), ['Ann', 'Bob']);
  });

  it('continue after an ICE restart', async () => {
    await bob.restartIce();
    await Promise.all([ann.sees('Bob', { frames: 30 }), bob.sees('Ann', { frames: 30 })]);
  });

  it('share a screen', async () => {
    await ann.click('screen');
    await bob.sees('Ann', { source: 'screen', frames: 3 });
    await ann.click('screen');
    await eventually(
      'the screen is gone',
      () => bob.video('Ann', 'screen'),
      (video) => video === undefined,
    );
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
    assert.deepEqual(
      browsers.flatMap(({ problems }) => problems),
      [],
    );
  });
});
