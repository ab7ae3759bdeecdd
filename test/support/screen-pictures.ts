import type { Page } from 'playwright-core';
import type { TestBrowser } from './browser.ts';
import { dismissNotices } from './call-pictures.ts';
import { paintOwnCamera } from './call-scenes.ts';
import type { Cast } from './cast.ts';
import type { Photographer } from './photographer.ts';
import type { TestServer } from './server.ts';

export interface Studio {
  photographer: Photographer;
  server: TestServer;
  browser: TestBrowser;
  /** Where an admin is signed in. */
  page: Page;
}

/** Takes pictures of the screens of people who have no identity here yet, or just came. */
export async function takeNewcomers({ photographer, server, browser }: Studio): Promise<void> {
  const page = await browser.page(server.url);
  await page.getByTestId('no-identity').waitFor();
  await photographer.take(page, 'welcome');
  await page.goto(await server.invite({ role: 'member' }));
  await page.getByTestId('enrol').waitFor();
  await photographer.take(page, 'invitation');
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('enrol').click();
  await page.getByTestId('empty').nth(3).waitFor();
  await photographer.take(page, 'home-empty');
  await page.context().close();
}

/** Takes pictures of the console. Its figures are those of the real server. */
export async function takeConsole({ photographer, page, server }: Studio): Promise<void> {
  await server.api('PUT', '/api/sip/phones/1001', { displayName: 'Reception' });
  for (const section of ['overview', 'rooms', 'phones', 'accounts', 'invitations', 'audit']) {
    await page.evaluate(`location.hash = '#/console/${section}'`);
    await page
      .getByTestId(section === 'overview' ? 'workers' : 'entry')
      .first()
      .waitFor();
    await photographer.take(page, `console-${section}`);
  }
}

/** Takes pictures of the home page and what it opens. */
export async function takeHome({ photographer, page }: Studio): Promise<void> {
  await page.evaluate(fillHome);
  await page.evaluate('location.hash = "#/"');
  await page.reload();
  await page.getByTestId('list-mine').getByTestId('room-row').nth(2).waitFor();
  await page.getByTestId('contact').first().waitFor();
  await photographer.take(page, 'home');
  const dialogs = [
    ['schedule', 'schedule'],
    ['appearance', 'settings'],
    ['your-devices', 'devices'],
    ['call-somebody', 'call-dialog'],
    ['call-settings', 'call-settings'],
    ['add-contact', 'contact-dialog'],
  ] as const;
  for (const [opener, name] of dialogs) {
    await page.getByTestId(opener).first().click();
    await page.getByRole('dialog').waitFor();
    await photographer.take(page, `home-${name}`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  await page.getByTestId('contacts-more').click();
  await page.getByTestId('address-book-open').click();
  await page.getByRole('dialog').waitFor();
  await photographer.take(page, 'home-address-book');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Takes pictures of somebody who comes by a link, and of a call with what can be opened in it. */
export async function takePanels({ photographer, browser, page }: Studio, cast: Cast): Promise<void> {
  await cast.resize(8);
  await cast.chat();
  await dismissNotices(page);
  const panels = ['people', 'chat', 'settings'] as const;
  for (const panel of panels) {
    await openPanel(page, panel);
    await photographer.take(page, `panel-${panel}`);
    await closePanel(page);
  }

  await openPanel(page, 'polls');
  await photographer.take(page, 'panel-polls-empty');
  await page.getByTestId('poll-new').click();
  await photographer.take(page, 'panel-polls-form');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await closePanel(page);
  await page.evaluate(askPoll);
  await cast.vote();
  await openPanel(page, 'polls');
  await page.getByTestId('poll').waitFor();
  await photographer.take(page, 'panel-polls');
  await closePanel(page);
  await dismissNotices(page);

  await openPanel(page, 'breakouts');
  await photographer.take(page, 'panel-breakouts-empty');
  await page.evaluate('window.canopy.room.breakouts.plan(["Apples", "Pears"], "even")');
  await page.getByTestId('breakout-room').nth(1).waitFor();
  await photographer.take(page, 'panel-breakouts');
  await page.evaluate('window.canopy.room.breakouts.discard()');
  await closePanel(page);

  await photographer.take(page, 'more-menu', { before: () => openMenu(page) });
  await page.keyboard.press('Escape');
  for (const item of ['room-settings', 'more-shortcuts']) {
    await page.getByTestId('more').click();
    await page.getByTestId(item).click();
    await page.getByRole('dialog').waitFor();
    await photographer.take(page, item.replace('more-', ''));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByTestId('invite').click();
  const link = await page.getByTestId('everyone-link').inputValue();
  await photographer.take(page, 'invite');
  await page.keyboard.press('Escape');
  const guest = await browser.page();
  await paintOwnCamera(guest);
  await guest.goto(link);
  await guest.getByTestId('door').waitFor();
  await photographer.take(guest, 'door');
  await guest.getByTestId('door-name').fill('Rosalind Franklin');
  await guest.getByTestId('ask-to-join').click();
  await guest.getByTestId('waiting-for').waitFor();
  await photographer.take(guest, 'door-waiting');
  await page.getByTestId('notice').waitFor();
  await photographer.take(page, 'call-somebody-waits');
  await openPanel(page, 'people');
  await photographer.take(page, 'panel-people-waiting');
  await closePanel(page);
  await guest.context().close();
}

/** Takes pictures of a call that rings, on both sides. */
export async function takeRinging({ photographer, server, browser, page }: Studio): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByTestId('call-somebody').click();
  const link = await page.getByTestId('own-call-link').inputValue();
  await page.keyboard.press('Escape');
  const caller = await browser.page();
  await paintOwnCamera(caller);
  await caller.goto(await server.invite({ role: 'member' }));
  await caller.getByTestId('name').fill('Grace Hopper');
  await caller.getByTestId('enrol').click();
  await caller.getByTestId('home').waitFor();
  await caller.goto(link);
  await caller.getByTestId('call-video').click();
  await caller.getByTestId('outgoing-call').waitFor();
  await page.getByTestId('incoming-call').waitFor();
  await Promise.all([photographer.take(caller, 'calls-outgoing'), photographer.take(page, 'calls-incoming')]);
  await caller.context().close();
}

async function openPanel(page: Page, name: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 800 });
  if (name === 'settings' || name === 'breakouts') {
    await page.getByTestId('more').click();
  }
  await page.getByTestId(`panel-${name}`).click();
  await page.locator('.panel-body[aria-busy=false]').waitFor();
}

async function closePanel(page: Page): Promise<void> {
  await page.getByTestId('panel-close').click();
  await page.getByTestId('panel').waitFor({ state: 'detached' });
}

/** Opens the menu; a change of the window closes one that is open. */
async function openMenu(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await page.getByTestId('more').click();
  await page.getByRole('menu').waitFor();
}

interface DebugHandle {
  canopy: {
    client: {
      rooms: { create(room: object): Promise<unknown> };
      contacts: { put(contact: object): Promise<unknown> };
    };
    room: { polls: { create(form: object): Promise<unknown> } };
  };
}

async function fillHome(): Promise<void> {
  const { client } = (window as unknown as DebugHandle).canopy;
  const schedule = (startsAt: string, durationMinutes: number, repeats?: string) => ({
    startsAt,
    durationMinutes,
    timeZone: 'Europe/Berlin',
    ...(repeats && { repeats }),
  });
  await client.rooms.create({
    title: 'Weekly harvest meeting',
    schedule: schedule('2031-03-03T09:30', 45, 'weekly'),
  });
  await client.rooms.create({ title: 'Планирование весны', schedule: schedule('2031-03-05T14:00', 60) });
  await client.rooms.create({ title: 'Cider house' });
  for (const [name, phone, favourite] of [
    ['Grace Hopper', '+1 555 0100', true],
    ['Ада Лавлейс', '+7 495 000-00-00', false],
    ['Alan Turing', '+44 20 7946 0000', false],
    ['Maximiliane Wolfeschlegelsteinhausen', '+49 30 901820', false],
  ] as const) {
    await client.contacts.put({ name, favourite, phones: [{ number: phone, label: 'work' }] });
  }
}

async function askPoll(): Promise<void> {
  const { room } = (window as unknown as DebugHandle).canopy;
  await room.polls.create({
    question: 'Which apples shall we plant on the north slope?',
    answers: ['Boskoop', 'Антоновка', 'Cox Orange', 'None: it is too cold there for apples'],
  });
}
