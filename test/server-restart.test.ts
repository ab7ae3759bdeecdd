import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from './support/browser.ts';
import { chatMessage, chatTexts, notice, openChat, write } from './support/call-steps.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ANN_HZ = 500;
const GUS_HZ = 900;
const ROOM = 'team';

describe('a server that restarts while two browsers are in a call', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'canopy-restart-'));
  let server: TestServer;
  let browsers: TestBrowser[];
  let ann: Person;
  /** A guest. */
  let gus: Person;

  before(async () => {
    server = await TestServer.start({ dataDir, flags: ['--workers', '1'] });
    browsers = await Promise.all([
      TestBrowser.launch({ toneHz: ANN_HZ }),
      TestBrowser.launch({ toneHz: GUS_HZ }),
    ]);
    const [first, second] = await Promise.all(browsers.map((browser) => browser.page()));
    assert.ok(first && second);
    ann = new Person(first, 'Ann');
    await ann.enterByInvitation(await server.invite({ role: 'member' }), ROOM);
    gus = new Person(second, 'Gus');
    await gus.enterByInvitation(await server.invite({ role: 'guest', roomId: ROOM }), ROOM);
    await openChat(ann.page);
    await openChat(gus.page);
  });

  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const people = () => [ann, gus];
  const banner = ({ page }: Person) => page.getByTestId('connection');

  async function start(): Promise<void> {
    server = await TestServer.start({
      dataDir,
      flags: ['--workers', '1', '--port', `${server.port}`],
    });
  }

  async function seeAndHearEachOther(): Promise<void> {
    await Promise.all([ann.sees('Gus'), gus.sees('Ann'), ann.hears('Gus', GUS_HZ), gus.hears('Ann', ANN_HZ)]);
  }

  async function areBack(messages: string[]): Promise<void> {
    await Promise.all(people().map((person) => banner(person).waitFor({ state: 'detached' })));
    await seeAndHearEachOther();
    for (const person of people()) {
      assert.deepEqual(await person.roster(), ['Ann', 'Gus']);
      await eventually(
        'each message is there once',
        () => chatTexts(person.page),
        (texts) => texts.join() === messages.join(),
      );
    }
    assert.equal(await ann.page.getByTestId('tile').count(), 2);
  }

  it('threat 16: is announced by a server that is stopped; both are back with picture, sound and chat', async (t) => {
    await seeAndHearEachOther();
    await write(ann.page, 'before');
    await chatMessage(gus.page, 'before').waitFor();
    const stopping = server.terminate();
    await Promise.all(people().map(({ page }) => notice(page, 'The server is about to restart').waitFor()));
    await stopping;
    await Promise.all(people().map((person) => banner(person).waitFor()));
    assert.match((await banner(ann).textContent()) ?? '', /Reconnecting…/);
    await write(gus.page, 'meanwhile');
    await gus.page.getByTestId('chat-pending').filter({ hasText: 'Sending…' }).waitFor();
    await start();
    const startedMs = performance.now();
    await areBack(['before', 'meanwhile']);
    t.diagnostic(`seen and heard ${((performance.now() - startedMs) / 1000).toFixed(1)} s after the start`);
  });

  it('is survived without an announcement too, with the microphone as muted as before and the moderator as before', async () => {
    await gus.click('microphone');
    await eventually(
      'Gus is muted',
      () => ann.hasMuted('Gus', 'microphone'),
      (muted) => muted === true,
    );
    await server.crash();
    await Promise.all(people().map((person) => banner(person).waitFor()));
    await start();
    await Promise.all(people().map((person) => banner(person).waitFor({ state: 'detached' })));
    await eventually(
      'Gus is still muted',
      () => ann.hasMuted('Gus', 'microphone'),
      (muted) => muted === true,
    );
    await gus.click('microphone');
    await areBack(['before', 'meanwhile']);
    await ann.click('panel-people');
    await ann.page
      .getByTestId('person')
      .filter({ hasText: /Ann.*Owner/ })
      .waitFor();
    await ann.page.getByTestId('mute-all').waitFor();
  });

  it('leaves nothing behind', async () => {
    for (const person of people()) {
      await person.click('leave');
    }
    await Promise.all(people().map(({ page }) => page.close()));
    await untilBaseline(server);
    const problems = browsers.flatMap((browser) => browser.problems);
    // Chromium logs that the server was away.
    assert.deepEqual(
      problems.filter((text) => !/WebSocket|ERR_|net::/.test(text)),
      [],
    );
  });
});
