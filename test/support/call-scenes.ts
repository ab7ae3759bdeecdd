import type { Page } from 'playwright-core';
import { PAINTED_PEOPLE } from './painted-people.ts';
import { eventually } from './wait.ts';

/** Windows in which the call is judged, in CSS pixels. */
export const WINDOWS = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
  { width: 2560, height: 1440 },
] as const;

/** How many people the call is judged with. */
export const CROWDS = [1, 2, 3, 5, 9, 25] as const;

/** Gives a page a painted camera. Call before it is opened. */
export async function paintOwnCamera(page: Page): Promise<void> {
  await page.addInitScript(`{
    ${PAINTED_PEOPLE}
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      for (const track of stream.getVideoTracks()) {
        const settings = track.getSettings();
        const painted = paintedPerson(29, 10);
        painted.getSettings = () => ({ ...painted.constructor.prototype.getSettings.call(painted), deviceId: settings.deviceId });
        stream.removeTrack(track);
        stream.addTrack(painted);
        track.stop();
      }
      return stream;
    };
  }`);
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A tile on the page with its label, in CSS pixels. */
export interface TileBox extends Box {
  self: boolean;
  screen: boolean;
  /** Whether it is on the stage. */
  large: boolean;
  label: Box;
}

/** The tiles in view. Tiles that are scrolled out of view are not among them. */
export async function tileBoxes(page: Page): Promise<TileBox[]> {
  return page.evaluate(() => {
    const box = (element: Element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x, y, width, height };
    };
    return [...document.querySelectorAll<HTMLElement>('[data-testid=tile]')]
      .filter((tile) => {
        const { left, right, top, bottom } = tile.getBoundingClientRect();
        const strip = tile.closest('[data-testid=strip]')?.getBoundingClientRect();
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        return !strip || (x > strip.left && x < strip.right && y > strip.top && y < strip.bottom);
      })
      .map((tile) => ({
        ...box(tile),
        self: tile.dataset.self === 'true',
        screen: tile.dataset.source === 'screen',
        large:
          tile.closest('[data-testid=stage], [data-testid=pair]') !== null && tile.closest('.grid') !== null,
        label: box(tile.querySelector('figcaption') ?? tile),
      }));
  });
}

/** Waits until all tiles in view whose camera is on show video. Nobody sends what is scrolled out of view. */
export async function waitForVideo(page: Page): Promise<void> {
  await eventually(
    'the videos play',
    () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLVideoElement>('[data-testid=tile] video')]
          .filter((video) => {
            const { left, right, top, bottom } = video.getBoundingClientRect();
            const strip = video.closest('[data-testid=strip]')?.getBoundingClientRect();
            const [x, y] = [(left + right) / 2, (top + bottom) / 2];
            return !strip || (x > strip.left && x < strip.right && y > strip.top && y < strip.bottom);
          })
          .every(({ videoWidth, readyState }) => videoWidth > 0 && readyState >= 2),
      ),
    (all) => all,
    30_000,
  );
}
