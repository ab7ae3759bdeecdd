import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import type * as Embed from '../client/embed/index.ts';
import { TestBrowser } from './support/browser.ts';
import { EmbeddingSite } from './support/embedding-site.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

type Site = Window & {
  embed: typeof Embed;
  meeting: Embed.Meeting;
  told: Array<[string, object]>;
  created: Promise<Embed.CreatedMeeting | undefined>;
};

const EVENTS = ['ready', 'joined', 'left', 'people', 'microphone', 'camera', 'hand'] as const;

describe('a meeting in the page of another site', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let site: EmbeddingSite;
  let stranger: EmbeddingSite;
  let page: Page;
  let frame: FrameLocator;

  before(async () => {
    site = await EmbeddingSite.start();
    stranger = await EmbeddingSite.start();
    server = await TestServer.start({ env: { CANOPY_SERVER_EMBEDDERS: site.origin } });
    site.use(server.url);
    stranger.use(server.url);
    browser = await TestBrowser.launch();
  });
  after(async () => {
    await browser.close();
    await server.close();
    site.close();
    stranger.close();
  });

  const opened = async (origin: string) => {
    const page = await browser.page(origin);
    await page.waitForFunction(() => (window as unknown as Site).embed !== undefined);
    return page;
  };
  /** What the page was told, latest last. */
  const told = (name: string) =>
    page.evaluate(
      (name) =>
        (window as unknown as Site).told.filter(([event]) => event === name).map(([, values]) => values),
      name,
    );
  const last = (name: string, values: object) =>
    eventually(
      `the page is told of ${name}`,
      async () => (await told(name)).at(-1),
      (value) => JSON.stringify(value) === JSON.stringify(values),
    );
  const send = (command: string, values: object) =>
    page.evaluate(
      ([command, values]) =>
        (window as unknown as Site).meeting.send(command as 'leave', values as Record<never, never>).then(
          () => 'done',
          (error: Embed.MeetingError) => error.code,
        ),
      [command, values] as const,
    );

  it('is joined with the name that the site suggests, and tells the site', async () => {
    page = await opened(site.origin);
    const url = await server.invite({ roomId: 'team', role: 'guest' });
    await page.evaluate(
      ({ url, events }) => {
        const window_ = window as unknown as Site;
        window_.told = [];
        const parent = document.querySelector('#meeting') as Element;
        window_.meeting = window_.embed.embedMeeting(parent, { url, name: 'Ada' });
        for (const name of events) {
          window_.meeting.on(name, (values) => window_.told.push([name, values]));
        }
      },
      { url, events: [...EVENTS] },
    );
    frame = page.frameLocator('#meeting iframe');
    await eventually(
      'the name is suggested',
      () => frame.getByTestId('name').inputValue(),
      (name) => name === 'Ada',
    );
    assert.equal(await send('setMicrophone', { on: true }), 'ROOM_NOT_JOINED');
    await frame.getByTestId('enrol').click();
    await frame.getByTestId('join').click();
    await last('joined', { roomId: 'team', title: null });
    await last('people', { count: 1 });
    await last('microphone', { on: true });
    await last('camera', { on: true });
  });

  it('obeys the site, and says so when a microphone or camera is turned on', async () => {
    assert.equal(await send('setMicrophone', { on: false }), 'done');
    assert.equal(await send('setCamera', { on: false }), 'done');
    await last('microphone', { on: false });
    await last('camera', { on: false });
    assert.equal(await send('setMicrophone', { on: true }), 'done');
    await last('microphone', { on: true });
    await frame.getByText(`${site.host} turned your microphone on.`).waitFor();
    assert.equal(await send('setHand', { raised: true }), 'done');
    await last('hand', { raised: true });
    assert.equal(await send('setPanel', { panel: 'chat' }), 'done');
    await frame.getByTestId('panel').waitFor();
    assert.equal(await frame.getByText('has stopped').count(), 0);
  });

  it('refuses what it does not know', async () => {
    assert.equal(await send('setMicrophone', { on: 'yes' }), 'BAD_REQUEST');
    assert.equal(await send('setPanel', { panel: 'safe' }), 'BAD_REQUEST');
    assert.equal(await send('constructor', {}), 'BAD_REQUEST');
  });

  it('is left by a command', async () => {
    assert.equal(await send('leave', {}), 'done');
    await last('left', { roomId: 'team', code: null });
    assert.equal(await send('leave', {}), 'ROOM_NOT_JOINED');
  });

  it('does not appear in the page of a site that the operator has not listed', async () => {
    const page = await opened(stranger.origin);
    await page.evaluate((url) => {
      const window_ = window as unknown as Site;
      window_.embed.embedMeeting(document.querySelector('#meeting') as Element, { url });
    }, `${server.url}/#/room/team`);
    await eventually(
      'the browser blocks the frame',
      async () => page.frames().at(-1)?.url(),
      (url) => url === 'chrome-error://chromewebdata/',
    );
  });

  it('is created for a site by a person who agrees', async () => {
    const page = await opened(site.origin);
    const home = await page.context().newPage();
    await home.goto(await server.invite());
    await home.getByTestId('name').fill('Olga');
    await home.getByTestId('enrol').click();
    await home.getByTestId('home').waitFor();
    const creation = await asked(page, 'Budget');
    await creation.getByText(`${site.host} gets the link to it.`).waitFor();
    assert.equal(await creation.getByTestId('meeting-title').inputValue(), 'Budget');
    await creation.getByTestId('create-meeting').click();
    const created = await page.evaluate(() => (window as unknown as Site).created);
    assert.equal(created?.title, 'Budget');
    assert.ok(created.url.startsWith(`${server.url}/#/join/`), created.url);

    const second = await asked(page, 'Never');
    await second.close();
    assert.equal(await page.evaluate(() => (window as unknown as Site).created), undefined);
  });

  it('is not created for a site that the operator has not listed', async () => {
    const page = await opened(stranger.origin);
    const home = await page.context().newPage();
    await home.goto(await server.invite());
    await home.getByTestId('name').fill('Eve');
    await home.getByTestId('enrol').click();
    await home.getByTestId('home').waitFor();
    const creation = await asked(page, 'Trap');
    await creation.getByText(`No meetings can be created for ${stranger.host}`).waitFor();
    assert.equal(await creation.getByTestId('create-meeting').count(), 0);
  });

  /** Clicks the site's button that asks for a meeting, and returns the window that opens. */
  async function asked(page: Page, title: string): Promise<Page> {
    await page.evaluate(
      ({ server, title }) => {
        const window_ = window as unknown as Site;
        (document.querySelector('#create') as HTMLElement).onclick = () => {
          window_.created = window_.embed.createMeeting({ server, title });
        };
      },
      { server: server.url, title },
    );
    const popup = page.waitForEvent('popup');
    await page.locator('#create').click();
    return popup;
  }
});
