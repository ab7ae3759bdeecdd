import type { Locator, Page } from 'playwright-core';
import type { TestBrowser } from './browser.ts';
import { eventually } from './wait.ts';

/** Turns noise suppression off in a page that is not open yet: it takes a tone for noise, and changes its level all the time. */
export async function keepTones(page: Page): Promise<void> {
  await page.addInitScript(() => {
    if (localStorage.getItem('canopy.devices') === null) {
      const processing = { noiseSuppression: false, autoGainControl: false, echoCancellation: false };
      localStorage.setItem('canopy.devices', JSON.stringify({ processing }));
    }
  });
}

/** Opens the link to a room as a newcomer and asks to be let in. */
export async function knock(browser: TestBrowser, link: string, name: string): Promise<Page> {
  const page = await browser.page();
  await keepTones(page);
  await page.goto(link);
  await page.getByTestId('door-name').fill(name);
  await page.getByTestId('ask-to-join').click();
  await page.getByTestId('waiting-for').waitFor();
  return page;
}

/** Waits until the page is in a room with this title. */
export async function isInRoom(page: Page, title: string): Promise<void> {
  await eventually(
    `the room is ${title}`,
    () => page.locator('.top-bar h1').textContent(),
    (text) => text === title,
  );
}

/** A notice with this text. */
export function notice(page: Page, text: string): Locator {
  return page.getByTestId('notice').filter({ hasText: text });
}

export async function openChat(page: Page): Promise<void> {
  if ((await page.getByTestId('chat-list').count()) === 0) {
    await page.getByTestId('panel-chat').click();
    await page.getByTestId('chat-list').waitFor();
  }
}

/** Sends a message. The chat is open. */
export async function write(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-input').press('Enter');
}

export function chatMessage(page: Page, text: string): Locator {
  return page.getByTestId('chat-message').filter({ hasText: text });
}

/** The texts of all messages in the open chat, in order. */
export function chatTexts(page: Page): Promise<string[]> {
  return page.getByTestId('chat-text').allTextContents();
}

/** Someone in the open list of people. */
export function personRow(page: Page, name: string): Locator {
  return page.getByTestId('person').filter({ has: page.getByText(name, { exact: true }) });
}

/** Uses someone's menu in the open list of people. */
export async function actOn(page: Page, name: string, item: string): Promise<void> {
  await personRow(page, name).getByTestId('person-menu').click();
  await page.getByTestId(item).click();
}

/** A file that the user drags or pastes. Without contents it is a picture that the page draws. */
export interface GivenFile {
  name: string;
  base64?: string;
}

/** What the user drags or pastes. */
export function transferOf(page: Page, files: GivenFile[]) {
  return page.evaluateHandle(async (given) => {
    const data = new DataTransfer();
    for (const { name, base64 } of given) {
      if (base64 !== undefined) {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: 'application/octet-stream' }));
        continue;
      }
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [1200, 800];
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      const sky = context.createLinearGradient(0, 0, 1200, 800);
      sky.addColorStop(0, '#1d6fb8');
      sky.addColorStop(1, '#f3b35b');
      context.fillStyle = sky;
      context.fillRect(0, 0, 1200, 800);
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
      data.items.add(new File([blob as Blob], name, { type: 'image/png' }));
    }
    return data;
  }, files);
}

/** Drags files over the call (`dragenter`), or drops them. */
export async function drag(page: Page, type: 'dragenter' | 'drop', files: GivenFile[]): Promise<void> {
  const dataTransfer = await transferOf(page, files);
  await page.dispatchEvent('[data-testid=room-view]', type, { dataTransfer });
}

/** Shows the code for another device, on the page with the account's devices. Returns it as it is typed. */
export async function deviceCode(page: Page): Promise<string> {
  await page.getByTestId('add-device-open').click();
  return (await page.getByTestId('link-code').textContent())?.trim() ?? '';
}

/** What the QR code for another device contains: the address with the code and the deployment CA's fingerprint. */
export function deviceLink(origin: string, code: string, invitation: string): string {
  return `${origin}/#/link/${code.replaceAll('-', '')}.${invitation.split('.').at(-1)}`;
}

/** Buttons of the call that extend beyond the window. */
export function cutButtons(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.controls button, .top-bar button')].flatMap((element) => {
      const { left, right, top, bottom, width } = element.getBoundingClientRect();
      const outside = left < 0 || right > innerWidth || top < 0 || bottom > innerHeight;
      return width > 0 && outside ? [element.outerHTML.slice(0, 80)] : [];
    }),
  );
}
