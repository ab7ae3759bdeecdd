import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../base/index.ts';
import { type ClipName, loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { BridgeSession } from '../../client/sdk/index.ts';
import { MediaUdp, RoomRecorder } from '../../recorder/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { decodingFaults, shownPictures } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { syntheticVp8 } from '../support/synthetic-clips.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';

describe('a recorder in a room', () => {
  let server: TestServer;
  let root: string;
  const recorders: RoomRecorder[] = [];
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'canopy-recording-'));
    server = await TestServer.start();
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await bob.room.publish(await trackOf(['vp9-svc']), { codec: 'vp9' });
    await ann.room.publish(await trackOf(['speech-english']), { source: 'microphone' });
  });
  afterEach(() => Promise.all(recorders.splice(0).map((recorder) => recorder.close())));
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await rm(root, { recursive: true, force: true });
  });

  const udp = new MediaUdp();
  /** A recorder of the room, into a folder of its own. */
  async function record(recordingId: string, options: { pausedAtMs?: number } = {}): Promise<RoomRecorder> {
    const identity = await newIdentity(server, { role: 'bridge' });
    const recorder = new RoomRecorder({
      ...{ recordingId, roomId: ROOM, mode: 'video', full: false, pausedAtMs: null, ...options },
      maxBitrateBps: 8_000_000,
      folder: join(root, recordingId),
      startedAtMs: Date.now(),
      udp,
      join: (roomId) => BridgeSession.join({ url: server.url, identity, roomId, takesVideo: true }),
      log: createLogger({ level: 'error', format: 'json' }),
    });
    recorders.push(recorder);
    return recorder;
  }
  const tracksOf = async (recordingId: string) =>
    (await filesOf(recordingId)).filter((name) => /^\d/.test(name));
  const filesOf = async (recordingId: string) => (await readdir(join(root, recordingId))).sort();

  test('writes each stream to a file that decodes without a fault', async () => {
    const recorder = await record('one');
    await recorder.begin();
    await eventually(
      'ten seconds are recorded',
      () => recorder.durationMs,
      (length) => length > 10_000,
      20_000,
    );
    const { tracks, durationMs } = await recorder.close();
    assert.deepEqual(tracks.map(({ source, codec }) => `${source} ${codec}`).sort(), [
      'camera vp8',
      'camera vp9',
      'microphone opus',
    ]);
    for (const { file, codec, offsetMs, durationMs: length } of tracks) {
      assert.ok(
        offsetMs < 3000 && Math.abs(offsetMs + length - durationMs) < 1000,
        JSON.stringify({ file, offsetMs, length, durationMs }),
      );
      assert.equal(await decodingFaults(join(root, 'one', file)), '', file);
      if (codec === 'vp9') {
        // Each has three layers, of which only the highest is shown.
        const { pictures, shown } = await shownPictures(join(root, 'one', file));
        assert.ok(pictures > 100 && shown === pictures, `${shown} of ${pictures} pictures are shown`);
      }
    }
  });

  test('records nothing while it is paused, from the start on', async () => {
    const recorder = await record('paused', { pausedAtMs: Date.now() });
    await recorder.begin();
    await delay(2500);
    assert.ok(recorder.durationMs < 500, 'only what was before the pause counts');
    assert.deepEqual(await filesOf('paused'), ['recording.json']);
    await recorder.setPaused(null);
    await eventually('something is recorded', async () => (await tracksOf('paused')).length >= 3);
    const { pauses, durationMs, tracks } = await recorder.close();
    assert.equal(pauses.length, 1);
    assert.ok(tracks.every(({ offsetMs }) => offsetMs < durationMs));
  });

  test('paused or closed while it begins, it has recorded nothing', async () => {
    const paused = await record('paused-early');
    const beginning = paused.begin();
    await paused.setPaused(Date.now());
    await beginning;
    await delay(1500);
    assert.deepEqual(await filesOf('paused-early'), ['recording.json']);
    await paused.close();
    const closed = await record('closed-early');
    const refused = assert.rejects(closed.begin(), { code: 'RECORDING_UNKNOWN' });
    assert.deepEqual((await closed.close()).tracks, []);
    await refused;
    await eventually(
      'the recorders have left the room',
      () => server.objects(),
      ({ peersConnected }) => peersConnected === 2,
    );
  });

  test('goes on in a folder with a file that cannot be repaired, under numbers that are free', async () => {
    const folder = join(root, 'damaged');
    const first = await record('damaged');
    await first.begin();
    await eventually('something is recorded', async () => (await tracksOf('damaged')).length >= 3);
    const manifest = await first.close();
    const [damaged, ...others] = manifest.tracks;
    assert.ok(damaged);
    await writeFile(join(folder, damaged.file), Buffer.alloc(100_000, 7));
    await writeFile(join(folder, '041-camera.webm'), '');
    const tracks = [{ ...damaged, isComplete: false }, ...others];
    await writeFile(join(folder, 'recording.json'), JSON.stringify({ ...manifest, tracks }));
    const second = await record('damaged');
    await second.begin();
    await eventually('it goes on', async () =>
      (await filesOf('damaged')).some((name) => /^04[2-9]/.test(name)),
    );
    const whole = await second.close();
    assert.equal(whole.tracks.find(({ file }) => file === damaged.file)?.isComplete, false);
    assert.deepEqual(await readFile(join(folder, damaged.file)), Buffer.alloc(100_000, 7));
    const fresh = whole.tracks.filter(({ file }) => file > '041-camera.webm');
    assert.ok(fresh.length >= 1 && fresh.every(({ isComplete }) => isComplete));
    assert.equal(new Set(whole.tracks.map(({ file }) => file)).size, whole.tracks.length);
  });

  test('a sender whose transport is lost gets another one, and is recorded on', async () => {
    const recorder = await record('replaced');
    await recorder.begin();
    await eventually('all are recorded', async () => (await tracksOf('replaced')).length === 3);
    // The server changes its credentials; this side cannot.
    await ann.room.restartIce();
    await eventually(
      'her camera and her microphone are recorded again',
      async () => (await tracksOf('replaced')).length === 5,
      Boolean,
      20_000,
    );
    const { tracks } = await recorder.close();
    const [lost, replaced] = tracks.filter(({ codec }) => codec === 'vp8');
    assert.ok(lost && replaced && replaced.offsetMs > lost.offsetMs);
  });

  test('a stream that cannot be recorded does not end the recording of the others', async () => {
    const mallory = await HeadlessPerson.enter(server, ROOM);
    // Key frames of 0 × 0 pixels.
    await mallory.room.publish(new ClipTrack({ clips: [syntheticVp8(500, 0)] }), { codec: 'vp8' });
    const recorder = await record('hostile');
    let hasEnded = false;
    recorder.once('ended', () => {
      hasEnded = true;
    });
    await recorder.begin();
    await eventually(
      'four seconds are recorded',
      () => recorder.durationMs,
      (length) => length > 4000,
    );
    assert.ok(!hasEnded);
    const { tracks } = await recorder.close();
    await mallory.leave();
    assert.ok(tracks.length >= 3);
    assert.ok(
      tracks.every(({ participantId, isComplete }) => isComplete && participantId !== mallory.participantId),
    );
    assert.ok(tracks.every(({ durationMs }) => durationMs > 2000));
  });
});

async function trackOf(names: ClipName[]): Promise<ClipTrack> {
  const [first, ...rest] = await Promise.all(names.map(loadClip));
  assert.ok(first);
  return new ClipTrack({ clips: [first, ...rest] });
}
