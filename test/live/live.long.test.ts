import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { ClipTrack, wallClockMs } from '../../client/node/index.ts';
import { beepsIn, flashesIn } from '../support/composed.ts';
import { flashAndBeep } from '../support/flash-clip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { RtmpServer } from '../support/rtmp-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const run = promisify(execFile);
const ROOM = 'team';
const KEY = 'the-secret-key-of-the-stream?user=ann';
/** The middle of the picture. */
const MIDDLE = '160:90:240:135';
/** Largest difference between sound and picture, in seconds: four times the goal. */
const MAX_SKEW = 0.4;

describe('live streams', () => {
  let folder: string;
  let rtmp: RtmpServer;
  let tls: Server;
  let unknown: string;
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-live-'));
    rtmp = await RtmpServer.start();
    tls = createServer(await selfSigned()).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    unknown = `rtmps://127.0.0.1:${(tls.address() as AddressInfo).port}/app`;
    server = await TestServer.start({
      env: {
        CANOPY_LIVE_TARGETS: `${rtmp.target},rtmp://127.0.0.1:9/app,${unknown}`,
        CANOPY_LIVE_HLS: 'true',
        CANOPY_LIVE_HEIGHT: '360',
        CANOPY_LIVE_VIDEO_KBPS: '600',
      },
      flags: ['--workers', '1'],
    });
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    const { flash, beep } = await flashAndBeep();
    const beganAtMs = wallClockMs();
    await ann.room.publish(new ClipTrack({ clips: [flash], beganAtMs }), { codec: 'vp8' });
    await ann.room.publish(new ClipTrack({ clips: [beep], beganAtMs }), { source: 'microphone' });
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await rtmp?.close();
    tls?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Takes some seconds of a stream and measures them, again if the machine was too busy for the compositor's low priority. */
  async function measure(input: string, t: { diagnostic(text: string): void }): Promise<void> {
    const file = join(folder, 'taken.mkv');
    await eventually(
      'a beep with each flash',
      async () => {
        const taken = ['-v', 'error', '-y', '-i', input, '-t', '14'];
        // Picture and sound both begin at the start of the file.
        const aligned = ['-vf', 'fps=30:start_time=0', '-af', 'aresample=async=1:first_pts=0'];
        const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'pcm_s16le'];
        await run('ffmpeg', [...taken, ...aligned, ...encoder, file], { timeout: 60_000 });
        const [flashes, beeps] = [await flashesIn(file, MIDDLE), await beepsIn(file)];
        const skews = flashes.map((flash) => Math.min(...beeps.map((beep) => Math.abs(beep - flash))));
        t.diagnostic(`flashes and beeps apart: ${skews.map((skew) => skew.toFixed(3)).join(', ')} s`);
        return { flashes: flashes.length, skew: Math.min(...skews.slice(-2)) };
      },
      ({ flashes, skew }) => flashes >= 2 && skew <= MAX_SKEW,
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
    assert.match(await (await fetch(playlist)).text(), /^000000\.ts$/m);
    await measure(playlist.href, t);
    assert.equal((await fetch(new URL('../../canopy.db', playlist))).status, 404);
    await ann.room.live.stop();
    assert.equal((await fetch(playlist)).status, 404);
  });

  it('to a server that is away, or whose certificate nobody trusts, are refused without naming the key', async () => {
    for (const [target, reason] of [
      ['rtmp://127.0.0.1:9/app', /refused/i],
      [unknown, /certificate/i],
    ] as const) {
      await assert.rejects(ann.room.live.start({ kind: 'rtmp', target, key: KEY }), ({ code, detail }) => {
        assert.equal(code, 'LIVE_FAILED');
        assert.match(detail, reason);
        return !detail.includes(KEY);
      });
    }
    assert.equal(ann.room.live.running, null);
    assert.ok(!server.log.includes(KEY), 'no key is logged');
  });
});
