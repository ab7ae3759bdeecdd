import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ClipTrack, wallClockMs } from '../../client/node/index.ts';
import { BEEP_DB, BEEP_HZ, flashAndBeep, measureFlashes } from '../support/flash-and-beep.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { dominantTone, isTone } from '../support/heard-tone.ts';
import { RtmpServer } from '../support/rtmp-server.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const run = promisify(execFile);
const ROOM = 'team';
const KEY = 'the-secret-key-of-the-stream';
/** Largest difference between sound and picture, in seconds: four times the goal. */
const MAX_SKEW = 0.4;

describe('live streams', () => {
  let folder: string;
  let rtmp: RtmpServer;
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-live-'));
    rtmp = await RtmpServer.start();
    server = await TestServer.start({
      env: {
        CANOPY_LIVE_TARGETS: `${rtmp.target},rtmp://127.0.0.1:9/app`,
        CANOPY_LIVE_HLS: 'true',
        CANOPY_LIVE_HEIGHT: '360',
        CANOPY_LIVE_VIDEO_KBPS: '600',
      },
      flags: ['--workers', '1'],
    });
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    const { video, audio } = await flashAndBeep(folder);
    const beganAtMs = wallClockMs();
    await ann.room.publish(new ClipTrack({ clips: [video], beganAtMs }), { codec: 'vp8' });
    await ann.room.publish(new ClipTrack({ clips: [audio], beganAtMs }), { source: 'microphone' });
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await rtmp?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Copies some seconds of a stream to a file and measures them, again if the machine was too busy for the compositor's low priority. */
  async function measure(input: string, t: { diagnostic(text: string): void }): Promise<void> {
    const file = join(folder, 'taken.mkv');
    await eventually(
      'a beep with each flash, at its frequency and level',
      async () => {
        const args = ['-v', 'error', '-y', '-i', input, '-t', '9', '-c', 'copy', file];
        await run('ffmpeg', args, { timeout: 60_000 });
        const { flashes, beeps, samples, rateHz } = await measureFlashes(file);
        const skews = flashes
          .map((flash) => Math.min(...beeps.map((beep) => Math.abs(beep - flash))))
          .sort((a, b) => a - b);
        const skew = skews[Math.floor(skews.length / 2)] ?? Number.POSITIVE_INFINITY;
        const start = Math.round(((beeps.at(-2) ?? 0) + 0.05) * rateHz);
        const tone = dominantTone(samples.subarray(start, start + 0.2 * rateHz), rateHz);
        t.diagnostic(`${flashes.length} flashes, ${skew.toFixed(3)} s from beeps; ${JSON.stringify(tone)}`);
        return { flashes: flashes.length, beeps: beeps.length, skew, tone };
      },
      ({ flashes, beeps, skew, tone }) =>
        flashes >= 2 && beeps >= 3 && skew <= MAX_SKEW && isTone(BEEP_HZ, BEEP_DB)(tone),
      120_000,
    );
  }

  it('send picture and sound to an RTMP server, and everyone knows', async (t) => {
    await ann.room.live.start({ kind: 'rtmp', target: rtmp.target, key: KEY });
    await eventually('Bob is notified', () => bob.room.live.running?.host === `127.0.0.1:${rtmp.port}`);
    assert.ok(!JSON.stringify(bob.room.live.running).includes(KEY));
    await measure(`${rtmp.target}/${KEY}`, t);
    await bob.room.live.stop();
    await eventually('Ann is notified', () => ann.room.live.running === null);
  });

  it('are files of HLS for whoever has the link, until they end', async (t) => {
    await ann.room.live.start({ kind: 'hls' });
    const path = await eventually('the link is known', () => bob.room.live.running?.path);
    const playlist = new URL(path ?? '', server.url);
    await eventually(
      'some segments are there',
      async () => (await (await fetch(playlist)).text()).match(/\.ts/g)?.length ?? 0,
      (count) => count >= 5,
      60_000,
    );
    await measure(playlist.href, t);
    assert.equal((await fetch(new URL('../../canopy.db', playlist))).status, 404);
    await ann.room.live.stop();
    assert.equal((await fetch(playlist)).status, 404);
  });

  it('go to servers of the operator’s list only, and a failure names no key', async () => {
    const elsewhere = { kind: 'rtmp', target: 'rtmp://127.0.0.1:9999/app', key: KEY } as const;
    await assert.rejects(ann.room.live.start(elsewhere), { code: 'TARGET_REFUSED' });
    const closed = { kind: 'rtmp', target: 'rtmp://127.0.0.1:9/app', key: KEY } as const;
    await assert.rejects(ann.room.live.start(closed), { code: 'LIVE_FAILED' });
    assert.equal(ann.room.live.running, null);
  });
});
