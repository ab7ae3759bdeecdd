import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RecordingClock } from '../recording-clock.ts';
import { TrackRecorder } from './track-recorder.ts';

/** Key frame and delta frame of VP8, each in one packet. */
const KEY = Buffer.from('10100000009d012a0005d002', 'hex');
const DELTA = Buffer.from('1011ccdd', 'hex');
const STARTED_MS = 1_000_000;

/** A recorder of a camera, and the seconds in which it asked for key frames. */
async function camera(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'canopy-track-'));
  const asked: number[] = [];
  let second = 0;
  let sequenceNumber = 0;
  const track = new TrackRecorder({
    codec: 'vp8',
    clockRate: 90_000,
    folder,
    name: '001-camera',
    clock: new RecordingClock(STARTED_MS),
    requestKeyFrame: () => asked.push(second),
    opening: async () => {},
    failed: (error) => assert.fail(`${error}`),
  });
  t.after(async () => {
    await track.close();
    await rm(folder, { recursive: true });
  });
  return {
    asked,
    track,
    /** Lets a second pass, with or without a frame at its start. */
    pass(payload?: Buffer): void {
      const nowMs = STARTED_MS + second * 1000;
      if (payload) {
        const timestamp = second * 90_000;
        const rtp = { payload, timestamp, sequenceNumber, marker: true } as Parameters<
          typeof track.packet
        >[0];
        track.packet(rtp, nowMs);
        sequenceNumber += 1;
      }
      for (let ms = 0; ms < 1000; ms += 100) {
        track.tick(nowMs + ms);
      }
      second += 1;
    },
  };
}

test('keeps requesting key frames from a camera that never sends anything', async (t) => {
  const { asked, pass } = await camera(t);
  for (let n = 0; n < 20; n += 1) {
    pass();
  }
  assert.ok(asked.length >= 3 && asked.length <= 4, `${asked}`);
});

test('so is one that has stopped, and one whose key frame was lost, that one sooner', async (t) => {
  const { asked, pass } = await camera(t);
  pass(KEY);
  for (let n = 0; n < 5; n += 1) {
    pass(DELTA);
  }
  assert.deepEqual(asked, []);
  for (let n = 0; n < 12; n += 1) {
    pass();
  }
  const whileSilent = asked.splice(0).length;
  assert.ok(whileSilent >= 2 && whileSilent <= 3);
  const other = await camera(t);
  for (let n = 0; n < 6; n += 1) {
    other.pass(DELTA);
  }
  assert.ok(other.asked.length >= 4, `${other.asked}`);
});
