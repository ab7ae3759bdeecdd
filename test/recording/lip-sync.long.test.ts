import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { UdpRelay } from '../../bench/index.ts';
import { ClipTrack, wallClockMs } from '../../client/node/index.ts';
import { beepsIn, framesThatFlash } from '../support/composed.ts';
import { flashAndBeep } from '../support/flash-clip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';
/** Shorter for a quick look: LIP_SYNC_MINUTES=1. */
const MINUTES = Number(process.env.LIP_SYNC_MINUTES ?? 10);
/** The microphone's clock, which after ten minutes is 60 ms ahead. */
const DRIFT_PPM = 100;
const LOSS = 0.03;
/** How far sound and picture may be apart. */
const MAX_APART_MS = 40;

/** A pair of a flash and a beep. */
interface Pair {
  /** Of the flash, in seconds. */
  atS: number;
  /** How much later than it should the beep is, in milliseconds. */
  lateMs: number;
}

describe(`sound and picture of a recording of ${MINUTES} minutes`, () => {
  let server: TestServer;
  let relay: UdpRelay;
  let ann: HeadlessPerson;

  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    const profile = { delayMs: 20, jitterMs: 10, loss: { kind: 'random', share: LOSS } } as const;
    relay = await UdpRelay.create({
      listen: { address: '127.0.0.1', port: 0 },
      upstream: { address: '127.0.0.1', port },
      up: [{ atMs: 0, profile }],
      down: [{ atMs: 0, profile }],
    });
    ann = await HeadlessPerson.enter(server, ROOM, relay);
  });
  after(async () => {
    await ann?.leave();
    await server?.close();
    relay?.close();
  });

  test(`stay together with ${LOSS * 100} % loss and a microphone that drifts by ${DRIFT_PPM} ppm`, async (context: TestContext) => {
    const { flash, beep } = await flashAndBeep();
    const beganAtMs = wallClockMs();
    await ann.room.publish(new ClipTrack({ clips: [flash], beganAtMs }), { codec: 'vp8' });
    await ann.room.publish(new ClipTrack({ clips: [beep], beganAtMs, driftPpm: DRIFT_PPM }), {
      source: 'microphone',
    });
    const recordingId = await ann.room.recording.start();
    const { startedAtMs } = await eventually(
      'all of it is recorded',
      () => readManifest(server, recordingId),
      ({ tracks }) =>
        tracks.length === 2 && tracks.every(({ durationMs }) => durationMs > MINUTES * 60_000 + 5000),
      (MINUTES + 2) * 60_000,
    );
    await ann.room.recording.stop();
    const { tracks } = await readManifest(server, recordingId);
    const trackOf = (source: string) =>
      tracks.find((track) => track.source === source) ?? assert.fail(`no ${source}`);
    const positions = async (source: string, find: (path: string) => Promise<number[]>) => {
      const { file, offsetMs } = trackOf(source);
      const found = await find(join(server.dataDir, 'recordings', recordingId, file));
      return found.map((seconds) => seconds + offsetMs / 1000);
    };
    const beeps = await positions('microphone', beepsIn);
    const flashes = await positions('camera', framesThatFlash);
    const pairs = flashes.flatMap((atS): Pair[] => {
      const [nearest] = beeps
        .filter((each) => Math.abs(each - atS) < 1)
        .sort((one, other) => Math.abs(one - atS) - Math.abs(other - atS));
      // The microphone runs fast, so that its beeps really come earlier and earlier.
      const elapsedS = (startedAtMs - beganAtMs) / 1000 + atS;
      return nearest === undefined
        ? []
        : [{ atS, lateMs: (nearest - atS) * 1000 + (elapsedS * DRIFT_PPM) / 1000 }];
    });
    const lost = flashes.length - pairs.length;
    context.diagnostic(
      `${flashes.length} flashes, ${beeps.length} beeps; ${lost} flashes without a beep; sent ${relay.counters[0]?.up.offeredPackets} packets, lost ${relay.counters[0]?.up.lostPackets}`,
    );
    for (let minute = 1; minute <= MINUTES; minute += 1) {
      const late = pairs
        .filter(({ atS }) => atS >= 60 * (minute - 1) && atS < 60 * minute)
        .map(({ lateMs }) => lateMs);
      context.diagnostic(
        `minute ${minute}: ${Math.min(...late).toFixed(0)} to ${Math.max(...late).toFixed(0)} ms`,
      );
    }
    assert.ok(pairs.length > 0.8 * MINUTES * 15, `${pairs.length} pairs`);
    const furthest = pairs.filter(({ lateMs }) => Math.abs(lateMs) > MAX_APART_MS);
    assert.deepEqual(furthest, []);
  });
});
