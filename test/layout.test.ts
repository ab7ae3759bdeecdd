import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LoadPeer, type Scenario } from '../bench/index.ts';
import { TestBrowser } from './support/browser.ts';
import { Person } from './support/person.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';
const WINDOW = { width: 1280, height: 800 };
/** Nobody is shown larger than a thumbnail. */
const SMALL_WINDOW = { width: 420, height: 260 };
const COMPANY: Scenario = {
  name: 'company',
  description: 'people beside the browsers',
  rooms: 1,
  peersPerRoom: 1,
  joinsPerSecond: 1,
  durationSeconds: 1,
  video: { codec: 'vp8', layers: '180p' },
  talkersPerRoom: 0,
};

interface AllocationPage {
  pictures: Array<{ producerId: string; peerId: string; source: string }>;
  receivers: Array<{
    peerId: string;
    tiles: Array<{ producerId: string; widthPx: number; pinned: boolean }>;
  }>;
}

describe('the layout of a page', () => {
  let server: TestServer;
  let browsers: TestBrowser[];
  let ann: Person;
  let bob: Person;
  const others: LoadPeer[] = [];

  before(async () => {
    server = await TestServer.start();
    browsers = await Promise.all([TestBrowser.launch(), TestBrowser.launch()]);
    const [first, second] = browsers;
    assert.ok(first && second);
    ann = await Person.invited(first, server, 'Ann', ROOM);
    bob = await Person.invited(second, server, 'Bob', ROOM);
  });

  after(async () => {
    await Promise.all(others.map((peer) => peer.leave()));
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.close();
  });

  /** RIDs of the layers that someone's camera sends, judged by bytes sent between two samples. */
  async function sentLayers(person: Person): Promise<string[]> {
    const before = await person.sentBytes();
    await person.page.waitForTimeout(600);
    const now = await person.sentBytes();
    return Object.keys(now)
      .filter((rid) => (now[rid] ?? 0) > (before[rid] ?? 0))
      .sort();
  }

  const sends = (person: Person, ...rids: string[]) =>
    eventually(
      `${person.name} sends ${rids.join() || 'nothing'}`,
      () => sentLayers(person),
      (sent) => sent.join() === rids.join(),
    );

  /** What the server knows about Bob's layout. */
  async function bobsTiles() {
    const page = await server.api<AllocationPage>('GET', `/api/rooms/${ROOM}/allocation`);
    const peerId = await bob.peerId();
    return page.receivers.find((receiver) => receiver.peerId === peerId)?.tiles ?? [];
  }

  it('decides which layers others send: the lowest for small tiles, and more for large ones at once', async () => {
    await bob.sees('Ann');
    await bob.page.setViewportSize(SMALL_WINDOW);
    await sends(ann, 'r0');
    const { framesDecoded } = (await bob.video('Ann')) ?? {};
    assert.ok(framesDecoded);
    await bob.page.setViewportSize(WINDOW);
    const large = await eventually(
      'Bob sees Ann larger',
      () => bob.video('Ann'),
      (video) => (video?.frameHeight ?? 0) > 180,
    );
    assert.ok(large && large.framesDecoded > framesDecoded);
    const [highest] = (await sentLayers(ann)).slice(-1);
    assert.notEqual(highest, 'r0');
  });

  it('receives no video while the page is hidden, and receives it again when the page is visible', async () => {
    await bob.setHidden(true);
    await sends(ann);
    const before = await bob.video('Ann');
    await sends(ann);
    assert.equal((await bob.video('Ann'))?.bytesReceived, before?.bytesReceived);
    assert.equal(await bob.hasMuted('Ann'), false, 'nobody is told that the camera is off');
    await bob.setHidden(false);
    await bob.sees('Ann');
  });

  it('shows the call in a small window, and receives its video while the page is hidden', async () => {
    const mini = (run: (page: Document) => unknown) =>
      bob.page.evaluate(
        `(${run})(window.documentPictureInPicture.window?.document ?? document.implementation.createHTMLDocument())`,
      );
    await bob.click('more');
    await bob.click('more-picture-in-picture');
    await eventually(
      'the window shows Ann',
      () => mini((page) => page.querySelector('[data-testid=tile] .name')?.textContent),
      (name) => name === 'Ann',
    );
    await bob.setHidden(true);
    await bob.sees('Ann');
    await mini((page) => page.querySelector<HTMLElement>('[data-testid=microphone]')?.click());
    await eventually(
      'Bob is muted',
      () => ann.hasMuted('Bob', 'microphone'),
      (muted) => muted === true,
    );
    await mini((page) => page.querySelector<HTMLElement>('[data-testid=microphone]')?.click());
    await mini((page) => page.defaultView?.close());
    await sends(ann);
    await bob.setHidden(false);
    await bob.sees('Ann');
  });

  it('reports a pin by mouse or keyboard, and keeps that tile large', async () => {
    const [alike] = await bobsTiles();
    await bob.pin('Ann');
    await eventually(
      'the pinned tile is large',
      bobsTiles,
      ([tile]) => tile?.pinned === true && tile.widthPx >= (alike?.widthPx ?? 0),
    );
    assert.equal(await bob.page.getByTestId('stage').count(), 1);
    await bob.page.getByTestId('pin').first().press('Enter');
    await eventually('the pin is gone', bobsTiles, ([tile]) => tile?.pinned === false);
    assert.equal(await bob.page.getByTestId('stage').count(), 0);
  });

  it('receives no packets for a tile that is scrolled out of view, until it is scrolled back', async () => {
    await bob.page.keyboard.press('g');
    await bob.page.getByTestId('stage').waitFor();
    // There is space for three people next to the stage, and Bob himself is the first.
    await bob.page.setViewportSize({ width: 900, height: 340 });
    for (let index = 0; index < 5; index += 1) {
      const plan = { index, roomId: ROOM, invitation: await server.invite(), talks: false, decodes: false };
      const peer = await LoadPeer.create({ serverUrl: server.url, scenario: COMPANY, plan });
      others.push(peer);
      assert.equal(await peer.join(), undefined);
    }
    await bob.sees('Load 1');
    assert.equal(await bob.video('Load 5'), undefined);
    await bob.page.getByTestId('strip').evaluate((strip) => strip.scrollTo(0, strip.scrollHeight));
    await bob.sees('Load 5');
    const before = await bob.video('Load 1');
    await bob.sees('Load 5');
    const after = await bob.video('Load 1');
    assert.equal(after?.bytesReceived, before?.bytesReceived);
  });

  it('shows statistics of what is received when a key is pressed', async () => {
    await bob.page.keyboard.press('d');
    const stats = bob.page.getByTestId('stats').filter({ hasText: 'kbit/s' });
    await stats.first().waitFor();
    assert.match(
      (await stats.allTextContents()).join('\n'),
      /\d+×\d+ · \d+ fps · \d+ kbit\/s\nlayer \d\/\d of \d\/\d · \w+/,
    );
    assert.deepEqual(
      browsers.flatMap(({ problems }) => problems),
      [],
    );
  });
});
