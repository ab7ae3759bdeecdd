import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { untilBaseline } from './support/gauges.ts';
import { LARGE, SwitchingScene } from './support/switching-scene.ts';
import { eventually } from './support/wait.ts';

const TONE_HZ = 700;
const SMALL = { width: 240, height: 135 };
/** Lines of video in a small tile. */
const SMALL_LINES = 180;
/** Test machines are slow: every time limit is multiplied by this. */
const PATIENCE = 5;
const QUEUE_MS = 300;
const DELAY_MS = 20;
const narrow = (rateBps: number) => ({ rateBps, queueMs: QUEUE_MS, delayMs: DELAY_MS });
/** Interval over which rates are measured, in milliseconds. */
const MEASURED_MS = 2000;

describe('real Chromium behind a changing network', () => {
  let scene: SwitchingScene;

  before(async () => {
    scene = await SwitchingScene.open(TONE_HZ);
  });

  after(() => scene?.close());

  async function showSmall(participantId: string): Promise<void> {
    const sinceMs = await scene.view.shows([{ participantId, ...SMALL }]);
    await scene.view.sees(participantId, 'a small picture', (lines) => lines <= SMALL_LINES, sinceMs);
  }

  async function showLarge(participantId: string, goalMs: number, largeLines: number): Promise<void> {
    const sinceMs = await scene.view.shows([{ participantId, ...LARGE }]);
    const patienceMs = goalMs * PATIENCE;
    const isLarge = (lines: number) => lines >= largeLines;
    const seen = await scene.view
      .sees(participantId, 'a large picture', isLarge, sinceMs, patienceMs)
      .catch(async (error: Error) => {
        throw new Error(`${error.message.slice(0, 200)}\n${JSON.stringify(await scene.explain())}`);
      });
    assert.ok(seen.standstillMs < 500 * PATIENCE, `it stood still for ${seen.standstillMs} ms`);
  }

  /** Shows Bob small until he sends nothing else, then large. */
  async function restore(goalMs: number): Promise<void> {
    await showSmall(scene.bobsId);
    await scene.bobIsSuspended();
    // A browser that is short of CPU sends smaller video.
    await showLarge(scene.bobsId, goalMs, 2 * SMALL_LINES);
  }

  /** What the server sends her and what does not fit, measured from now. */
  async function offered(): Promise<{ bps: number; dropped: number }> {
    const count = () => {
      // All links to browsers: besides her video they carry only audio and feedback.
      const links = scene.room.relay.counters.map(({ down }) => down);
      const sum = (pick: (link: (typeof links)[number]) => number) =>
        links.reduce((total, link) => total + pick(link), 0);
      return {
        bytes: sum(({ offeredBytes }) => offeredBytes),
        dropped: sum(({ droppedPackets }) => droppedPackets),
      };
    };
    const earlier = count();
    await delay(MEASURED_MS);
    const later = count();
    return {
      bps: ((later.bytes - earlier.bytes) * 8000) / MEASURED_MS,
      dropped: later.dropped - earlier.dropped,
    };
  }

  it('gets a suspended layer of VP8 simulcast back while the lower one continues', async () => {
    await restore(3000);
  });

  it('gets a suspended layer of VP9 SVC back while the lower one continues', async () => {
    await scene.bob.sendCameraAs('vp9');
    await restore(1000);
  });

  it('gets a larger layer at once if it is already sent', async () => {
    await showSmall(scene.cid.participantId);
    await showLarge(scene.cid.participantId, 500, 2 * SMALL_LINES);
  });

  it('threat 12: with 300 kbit/s down it gets, within seconds, audio and as much video as fits', async () => {
    const sinceMs = await scene.view.shows([{ participantId: scene.cid.participantId, ...LARGE }]);
    await scene.view.sees(scene.cid.participantId, 'a large picture', (lines) => lines >= 720, sinceMs);
    scene.room.relay.shape({ down: narrow(300_000) });
    const settled = await eventually(
      'what is sent fits',
      offered,
      ({ bps, dropped }) => bps < 600_000 && dropped === 0,
      3000 * PATIENCE,
    );
    assert.ok(settled.bps > 0);
    await scene.ann.hears('Bob', TONE_HZ);
    const framesBefore = (await scene.view.received()).get(scene.cid.participantId)?.framesDecoded ?? 0;
    const concealed = await scene.view.concealedShare(scene.bobsId);
    assert.ok(concealed < 0.2, `${concealed} of the voice is made up`);
    const framesAfter = (await scene.view.received()).get(scene.cid.participantId)?.framesDecoded ?? 0;
    assert.ok(framesAfter > framesBefore + 4, `${framesAfter - framesBefore} frames`);
  });

  it('threat 12: with 2 Mbit/s again it gets the large video back', async () => {
    const sinceMs = await scene.ann.page.evaluate(() => performance.now());
    scene.room.relay.shape({ down: narrow(2_000_000) });
    await scene.view.sees(
      scene.cid.participantId,
      'a large picture',
      (lines) => lines >= 720,
      sinceMs,
      15_000 * PATIENCE,
    );
    await scene.ann.hears('Bob', TONE_HZ);
  });

  it('threat 12: with 150 kbit/s up it is still heard', async () => {
    const sinceMs = await scene.view.shows([{ participantId: scene.bobsId, ...LARGE }]);
    await scene.view.sees(scene.bobsId, 'a picture', () => true, sinceMs);
    scene.room.relay.shape({ up: narrow(150_000) });
    await scene.ann.hears('Bob', TONE_HZ);
    await eventually(
      'his voice comes whole',
      () => scene.view.concealedShare(scene.bobsId),
      (share) => share < 0.2,
    );
    await scene.ann.hears('Bob', TONE_HZ);
  });

  it('leaves no objects behind', async () => {
    assert.deepEqual(scene.room.browser.problems, []);
    await Promise.all([scene.cid, scene.eve, scene.ann, scene.bob].map((person) => person.leave()));
    await untilBaseline(scene.room.server);
  });
});
