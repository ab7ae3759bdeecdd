import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LargeScene, ownAddress, type SenderBrowser } from './support/large-scene.ts';

/** How long each network is observed, in seconds. */
const SECONDS = Number(process.env.SHOWN_LARGE_SECONDS ?? 40);
const UPLINKS_KBPS = [undefined, 2000, 1100, 750];
const BROWSERS: SenderBrowser[] = ['Chromium', 'Firefox'];

/** The share of frames with this many lines, in percent. */
function shareOf(lines: readonly number[], has: (height: number) => boolean): string {
  return `${Math.round((100 * lines.filter(has).length) / Math.max(1, lines.length))} %`;
}

describe('a video enlarged from 360 lines: when the larger layer arrives, and what is shown until then', () => {
  for (const browser of BROWSERS) {
    const skip = browser === 'Firefox' && !ownAddress() && 'Firefox needs an address that is not loopback';
    for (const kbps of UPLINKS_KBPS) {
      it(`from ${browser}, ${kbps ? `${kbps} kbit/s up` : 'free uplink'}`, { skip }, async (t) => {
        const scene = await LargeScene.open(browser);
        try {
          if (kbps) {
            scene.shapeUplink(kbps);
          }
          await scene.showMedium();
          await delay(8000);
          const largeAtMs = await scene.showLarge();
          await delay(SECONDS * 1000);
          const frames = await scene.framesSince(largeAtMs);
          const lines = frames.map(({ height }) => height);
          const large = frames.find(({ height }) => height >= 700);
          const falls = lines.filter((height, place) => height < (lines[place - 1] ?? 0)).length;
          t.diagnostic(
            `| ${browser} | ${kbps ?? 'free'} | ${large ? `${((large.atMs - largeAtMs) / 1000).toFixed(1)} s` : '–'}` +
              ` | ${shareOf(lines, (height) => height >= 700)} | ${shareOf(lines, (height) => height >= 360 && height < 700)}` +
              ` | ${shareOf(lines, (height) => height < 360)} | ${falls} | ${(lines.length / SECONDS).toFixed(0)} |`,
          );
        } finally {
          await scene.close();
        }
      });
    }
  }
});
