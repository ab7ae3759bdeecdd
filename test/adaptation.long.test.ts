import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { HeadlessPerson } from './support/headless-person.ts';
import { ShapedRoom } from './support/shaped-room.ts';
import { LARGE, SwitchingScene } from './support/switching-scene.ts';
import { Viewer } from './support/viewer.ts';

/** How long each network is measured after it has settled, in seconds. */
const SECONDS = Number(process.env.ADAPTATION_SECONDS ?? 20);
const SETTLING_SECONDS = 10;
/** Number of switches of each kind. */
const SWITCHES = Number(process.env.ADAPTATION_SWITCHES ?? 10);
const RATES_BPS = [2_000_000, 1_000_000, 500_000, 300_000];
const LOSSES = [0, 0.03];
const QUEUE_MS = 300;
const DELAY_MS = 20;
const SMALL = { width: 320, height: 180 };
/** Number of people shown next to the one shown large. */
const SMALL_TILES = 3;
const TONE_HZ = 700;

const load = () => `load ${loadavg()[0]?.toFixed(1)}`;
const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
const median = (values: readonly number[]) => percentile(values, 0.5);

describe('adaptation of real Chromium: figures', () => {
  for (const loss of LOSSES) {
    it(`measures freezes and resolutions on narrow networks with ${loss * 100} % loss`, async (t) => {
      const room = await ShapedRoom.open({ toneHz: TONE_HZ });
      t.after(() => room.close());
      const ann = await room.person('Ann');
      const bob = await room.person('Bob');
      const bobsView = await Viewer.of(bob);
      await bobsView.shows([]);
      const bobsId = await bobsView.participantId();
      const others: HeadlessPerson[] = [];
      for (let index = 0; index <= SMALL_TILES; index += 1) {
        const other = await room.headless();
        other.looksAt([]);
        await other.showCamera();
        others.push(other);
      }
      t.after(() => Promise.all(others.map((other) => other.leave())));
      const ids = others.map(({ participantId }) => participantId);
      const view = await Viewer.of(ann);
      await view.shows(
        ids.map((participantId, place) => ({ participantId, ...(place === 0 ? LARGE : SMALL) })),
      );
      for (const rateBps of RATES_BPS) {
        const shape = { rateBps, queueMs: QUEUE_MS, delayMs: DELAY_MS };
        room.relay.shape({ down: { ...shape, loss: { kind: 'random', share: loss } } });
        await delay(SETTLING_SECONDS * 1000);
        const before = await view.received();
        const concealing = view.concealedShare(bobsId, SECONDS);
        const lines: number[][] = ids.map(() => []);
        for (let second = 0; second < SECONDS; second += 1) {
          await delay(1000);
          const now = await view.received();
          for (const [place, id] of ids.entries()) {
            lines[place]?.push(now.get(id)?.frameHeight ?? 0);
          }
        }
        const after = await view.received();
        const tiles = ids.map((id, place) => {
          const grown = (key: 'freezeCount' | 'totalFreezesSeconds' | 'framesDecoded' | 'bytesReceived') =>
            (after.get(id)?.[key] ?? 0) - (before.get(id)?.[key] ?? 0);
          return {
            lines: median(lines[place] ?? []),
            framesPerSecond: grown('framesDecoded') / SECONDS,
            freezesPerMinute: (grown('freezeCount') * 60) / SECONDS,
            frozenShare: grown('totalFreezesSeconds') / SECONDS,
            bps: (grown('bytesReceived') * 8) / SECONDS,
          };
        });
        const concealed = await concealing;
        const text = tiles.map(
          (tile) =>
            `${tile.lines}p ${tile.framesPerSecond.toFixed(0)}/s ${tile.freezesPerMinute.toFixed(0)} freezes/min ${(tile.frozenShare * 100).toFixed(0)} %`,
        );
        const received = tiles.reduce((sum, { bps }) => sum + bps, 0) / 1000;
        t.diagnostic(
          `${rateBps / 1000} kbit/s, ${loss * 100} % loss | ${received.toFixed(0)} kbit/s of video | ${text.join(' | ')} | voice concealed ${(concealed * 100).toFixed(1)} % | ${load()}`,
        );
        assert.ok(
          tiles.some(({ framesPerSecond }) => framesPerSecond > 1),
          'at least one picture moves',
        );
      }
    });
  }

  describe('measures how long a larger layer takes', () => {
    let scene: SwitchingScene;

    before(async () => {
      scene = await SwitchingScene.open();
    });

    after(() => scene?.close());

    const suspended = () => scene.bobIsSuspended(60_000);

    const measure = async (t: TestContext, of: string, ready: () => Promise<unknown>) => {
      const { view } = scene;
      const seen: Array<{ afterMs: number; standstillMs: number }> = [];
      for (let index = 0; index < SWITCHES; index += 1) {
        const smallAtMs = await view.shows([{ participantId: of, ...SMALL }]);
        await view.sees(of, 'a small picture', (lines) => lines <= 180, smallAtMs, 60_000);
        await ready();
        const largeAtMs = await view.shows([{ participantId: of, ...LARGE }]);
        seen.push(await view.sees(of, 'a large picture', (lines) => lines >= 360, largeAtMs, 60_000));
      }
      const figures = (values: number[]) =>
        `p50 ${median(values).toFixed(0)} p95 ${percentile(values, 0.95).toFixed(0)} most ${percentile(values, 1).toFixed(0)}`;
      const times = figures(seen.map(({ afterMs }) => afterMs));
      const standstills = figures(seen.map(({ standstillMs }) => standstillMs));
      t.diagnostic(`${t.name}: ${times} ms, standing still ${standstills} ms, of ${seen.length}, ${load()}`);
    };

    it('that is already sent', (t) => measure(t, scene.cid.participantId, () => delay(1500)));

    it('that was suspended, in VP8 simulcast', (t) => measure(t, scene.bobsId, suspended));

    it('that was suspended, in VP9 SVC', async (t) => {
      await scene.bob.sendCameraAs('vp9');
      await measure(t, scene.bobsId, suspended);
    });
  });
});
