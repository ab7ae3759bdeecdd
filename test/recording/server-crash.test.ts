import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { decodingFaults, readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';
/** What may be lost of a stream, in milliseconds. */
const LOST_MS = 1000;

describe('a recorded room', () => {
  let dataDir: string;
  let server: TestServer;
  let ann: HeadlessPerson;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'canopy-recorded-'));
    server = await TestServer.start({ dataDir });
    await enter();
  });
  after(async () => {
    await ann?.leave();
    await server?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function enter(): Promise<void> {
    ann = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
  }
  async function assertPlayable(recordingId: string): Promise<void> {
    for (const { file, isComplete } of (await readManifest(server, recordingId)).tracks) {
      assert.ok(isComplete, file);
      assert.equal(await decodingFaults(join(dataDir, 'recordings', recordingId, file)), '', file);
    }
  }

  test('goes on on another worker when its worker dies, in one recording', async () => {
    const recordingId = await ann.room.recording.start();
    await eventually(
      'it is recorded',
      async () => (await readManifest(server, recordingId)).tracks.length >= 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const killedMs = Date.now();
    for (const pid of await server.workerPids()) {
      process.kill(pid, 'SIGKILL');
    }
    await eventually('it goes on', async () => (await readManifest(server, recordingId)).tracks.length >= 4);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(ann.room.recording.running?.recordingId, recordingId);
    await ann.room.recording.stop();
    const { tracks, startedAtMs } = await readManifest(server, recordingId);
    for (const kind of ['camera', 'microphone']) {
      const [first, second] = tracks
        .filter(({ source }) => source === kind)
        .sort((a, b) => a.offsetMs - b.offsetMs);
      const lostMs = killedMs - startedAtMs - ((first?.offsetMs ?? 0) + (first?.durationMs ?? 0));
      assert.ok(lostMs < LOST_MS, `${lostMs} ms of the ${kind} were lost`);
      assert.ok((second?.offsetMs ?? 0) > killedMs - startedAtMs);
    }
    await assertPlayable(recordingId);
  });

  test('is recorded up to the moment in which the server is killed, and its next start goes on', async () => {
    const recordingId = await ann.room.recording.start();
    await eventually(
      'it is recorded',
      async () => (await readManifest(server, recordingId)).tracks.length >= 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await server.crash();
    const killedMs = Date.now();
    await ann.leave();
    const { tracks, startedAtMs } = await eventually(
      'the recorder has closed its files',
      () => readManifest(server, recordingId),
      ({ endedAtMs }) => endedAtMs !== null,
    );
    assert.equal(tracks.length, 2);
    for (const { offsetMs, durationMs, source } of tracks) {
      const lostMs = killedMs - startedAtMs - (offsetMs + durationMs);
      assert.ok(lostMs < LOST_MS, `${lostMs} ms of the ${source} were lost`);
    }
    await assertPlayable(recordingId);
    server = await TestServer.start({ dataDir });
    await enter();
    await eventually('it goes on', () => ann.room.recording.running?.status === 'recording');
    assert.equal(ann.room.recording.running?.recordingId, recordingId);
    await eventually(
      'it is recorded',
      async () => (await readManifest(server, recordingId)).tracks.length >= 4,
    );
    await ann.room.recording.stop();
    await assertPlayable(recordingId);
  });
});
