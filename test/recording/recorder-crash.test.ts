// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { killRecorder, readManifest, recorderStarts } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';

describe('a recording whose recorder has crashed', () => {
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    server = await TestServer.start();
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
  });
  afterEach(() => ann.room.recording.stop());
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
  });

  const status = () => bob.room.recording.running?.status ?? 'none';
  const manifest = (recordingId: string) => readManifest(server, recordingId);
  const files = async (recordingId: string) =>
    (await readdir(join(server.dataDir, 'recordings', recordingId)))
      .filter((name) => /^\d/.test(name))
      .sort();
  /** Starts a recording that has something in it. */
  async function start(): Promise<string> {
    const recordingId = await ann.room.recording.start();
    await eventually('both streams are recorded', async () => {
      const folder = join(server.dataDir, 'recordings', recordingId);
      const stats = await Promise.all((await files(recordingId)).map((name) => stat(join(folder, name))));
      return stats.length >= 2 && stats.every(({ size }) => size > 3000);
    });
    return recordingId;
  }
  /** Kills the recorder; resolves once the room knows. */
  async function kill(): Promise<void> {
    killRecorder(server);
    await eventually('the room knows', status, (shown) => shown !== 'recording');
  }
  async function back(starts: number): Promise<void> {
    await eventually(
      'the recorder is back',
      () => recorderStarts(server),
      (count) => count > starts,
      60_000,
    );
  }
  const ended = (recordingId: string) =>
    eventually(
      'it has ended',
      async () =>
        (await (await ann.recordings).list()).recordings.find((each) => each.recordingId === recordingId),
      (row) => row?.status === 'ended',
      60_000,
    );

  test('stopped meanwhile, it does not go on, and its files are completed when the recorder is back', async () => {
    await server.api('PATCH', `/api/rooms/${ROOM}/settings`, { recordingVideo: 'opus' });
    const recordingId = await start();
    const recorded = await files(recordingId);
    const starts = recorderStarts(server);
    await kill();
    assert.equal(status(), 'interrupted');
    await ann.room.recording.stop();
    await eventually('the room knows', status, (shown) => shown === 'none');
    assert.equal((await (await ann.recordings).list()).recordings[0]?.status, 'ending');
    await back(starts);
    const row = await ended(recordingId);
    const { tracks, durationMs } = await manifest(recordingId);
    assert.ok(tracks.every(({ isComplete }) => isComplete));
    assert.deepEqual(tracks.map(({ file }) => file).sort(), recorded);
    assert.deepEqual([row?.reason, row?.durationMs], ['stopped', Math.round(durationMs)]);
    // What the room wants to be made of it.
    const { format, compositionId } = row?.compositions[0] ?? assert.fail('nothing is made');
    assert.equal(format, 'opus');
    await server.api('PATCH', `/api/rooms/${ROOM}/settings`, { recordingVideo: null });
    await delay(2000);
    assert.deepEqual(await files(recordingId), recorded, 'nothing more was recorded');
    await eventually(
      'it is made',
      async () => (await ended(recordingId))?.compositions,
      (made) => made?.some((each) => each.compositionId === compositionId && each.status === 'done') === true,
      300_000,
    );
  });

  test('stopped as soon as the recorder is back, it does not go on', async () => {
    const recordingId = await start();
    const starts = recorderStarts(server);
    await kill();
    await back(starts);
    await ann.room.recording.stop();
    assert.ok((await manifest(recordingId)).tracks.every(({ isComplete }) => isComplete));
    const recorded = await files(recordingId);
    await delay(2000);
    assert.deepEqual(await files(recordingId), recorded);
    assert.equal(status(), 'none');
  });

  test('paused meanwhile, it records nothing until it is resumed', async () => {
    const recordingId = await start();
    const starts = recorderStarts(server);
    await kill();
    await ann.room.recording.pause();
    await eventually('the room knows', status, (shown) => shown === 'paused');
    const recorded = await files(recordingId);
    await back(starts);
    const { durationMs, pauses } = await eventually(
      'the recorder is in the room, paused',
      () => manifest(recordingId),
      ({ pauses: [pause] }) => pause?.toMs === null,
    );
    assert.equal(pauses.length, 1);
    await delay(2500);
    assert.deepEqual(await files(recordingId), recorded);
    assert.equal(status(), 'paused');
    await ann.room.recording.resume();
    await eventually('it goes on', async () => (await files(recordingId)).length > recorded.length);
    assert.equal(status(), 'recording');
    await ann.room.recording.stop();
    const fresh = (await manifest(recordingId)).tracks.filter(({ file }) => !recorded.includes(file));
    assert.ok(fresh.length > 0);
    assert.ok(fresh.every(({ offsetMs }) => offsetMs >= durationMs - 1));
  });

  test('resumed meanwhile, it goes on', async () => {
    const recordingId = await start();
    await ann.room.recording.pause();
    const recorded = await files(recordingId);
    const starts = recorderStarts(server);
    killRecorder(server);
    await ann.room.recording.resume();
    await back(starts);
    await eventually('it goes on', async () => (await files(recordingId)).length > recorded.length);
    await eventually('the room knows', status, (shown) => shown === 'recording');
    await ann.room.recording.stop();
    const { pauses } = await manifest(recordingId);
    assert.ok(pauses.length === 1 && pauses[0]?.toMs !== null, JSON.stringify(pauses));
  });

  test('twice, it goes on twice, in files of their own', async () => {
    const recordingId = await start();
    for (const crash of [1, 2]) {
      const { length } = await files(recordingId);
      await kill();
      await eventually(
        `it goes on after crash ${crash}`,
        async () => (await files(recordingId)).length >= length + 2 && status() === 'recording',
        Boolean,
        // By now the pauses between restarts are long.
        180_000,
      );
    }
    await ann.room.recording.stop();
    const { tracks } = await manifest(recordingId);
    assert.ok(tracks.length >= 6 && tracks.every(({ isComplete }) => isComplete));
    assert.equal(new Set(tracks.map(({ file }) => file)).size, tracks.length);
    assert.deepEqual(tracks.map(({ file }) => file).sort(), await files(recordingId));
    assert.equal((await ended(recordingId))?.reason, 'stopped');
  });
});
