import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { decodingFaults, killRecorder, readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';

describe('a recorded room', () => {
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    server = await TestServer.start();
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
    await bob.listen();
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
  });

  const folder = () => join(server.dataDir, 'recordings');
  const manifest = (recordingId: string) => readManifest(server, recordingId);

  test('everyone is notified, a pause is left out, and the files play', async () => {
    const recordingId = await ann.room.recording.start();
    await eventually('Bob is notified', () => bob.room.recording.running?.recordingId === recordingId);
    await eventually('something is recorded', async () => (await manifest(recordingId)).tracks.length >= 2);
    await ann.room.recording.pause();
    await eventually('bob sees the pause', () => bob.room.recording.running?.status === 'paused');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await ann.room.recording.resume();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await ann.room.recording.stop();
    await eventually('bob sees the end', () => bob.room.recording.running === null);
    const { recordings } = await (await ann.recordings).list();
    const { tracks, durationMs, pauses, startedAtMs, endedAtMs } = await manifest(recordingId);
    assert.deepEqual(
      [recordings[0]?.recordingId, recordings[0]?.status, recordings[0]?.reason, recordings[0]?.durationMs],
      [recordingId, 'ended', 'stopped', durationMs],
    );
    assert.equal(pauses.length, 1);
    const pausedMs = (pauses[0]?.toMs ?? 0) - (pauses[0]?.fromMs ?? 0);
    assert.ok(pausedMs >= 1400, `${pausedMs} ms`);
    assert.ok(Math.abs((endedAtMs ?? 0) - startedAtMs - pausedMs - durationMs) < 300, `${durationMs} ms`);
    for (const { file, isComplete } of tracks) {
      assert.ok(isComplete, file);
      assert.equal(await decodingFaults(join(folder(), recordingId, file)), '', file);
    }
    assert.deepEqual((await readdir(join(folder(), recordingId))).sort(), [
      ...tracks.map(({ file }) => file).sort(),
      'events.jsonl',
      'recording.json',
    ]);
  });

  test('a killed recorder goes on with the recording, and what it had written plays', async () => {
    const recordingId = await ann.room.recording.start();
    await eventually('something is recorded', async () => (await manifest(recordingId)).tracks.length >= 2);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    killRecorder(server);
    const killedMs = Date.now();
    await eventually(
      'it goes on',
      async () => {
        const { tracks } = await manifest(recordingId);
        return tracks.filter(({ isComplete }) => isComplete).length >= 2 && tracks.length >= 4;
      },
      Boolean,
      30_000,
    );
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await ann.room.recording.stop();
    const { tracks, startedAtMs, durationMs } = await manifest(recordingId);
    const camera = tracks.filter(({ source }) => source === 'camera').sort((a, b) => a.offsetMs - b.offsetMs);
    assert.equal(camera.length, 2);
    const [first, second] = camera;
    const lostMs = killedMs - startedAtMs - ((first?.offsetMs ?? 0) + (first?.durationMs ?? 0));
    assert.ok(lostMs < 5000, `${lostMs} ms before the end were lost`);
    assert.ok((second?.offsetMs ?? 0) > killedMs - startedAtMs, 'the second file is placed after the first');
    assert.ok(durationMs > (second?.offsetMs ?? 0));
    for (const { file, isComplete } of tracks) {
      assert.ok(isComplete, file);
      assert.equal(await decodingFaults(join(folder(), recordingId, file)), '', file);
    }
  });
});
