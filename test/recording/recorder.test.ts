import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createLogger } from '../../base/index.ts';
import { type ClipName, loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { BridgeSession } from '../../client/sdk/index.ts';
import { RoomRecorder } from '../../recorder/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const run = promisify(execFile);
const ROOM = 'recorded';

describe('a recorder in a room', () => {
  let server: TestServer;
  let folder: string;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-recording-'));
    server = await TestServer.start();
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await bob.room.publish(await trackOf(['vp9-svc']), { codec: 'vp9' });
    await ann.room.publish(await trackOf(['speech-english']), { source: 'microphone' });
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('writes each stream to a file that decodes without a fault', async () => {
    const identity = await newIdentity(server, { role: 'bridge' });
    const recorder = await RoomRecorder.start({
      recordingId: 'one',
      roomId: ROOM,
      mode: 'video',
      full: false,
      maxBitrateBps: 8_000_000,
      folder,
      startedAtMs: Date.now(),
      join: (roomId) => BridgeSession.join({ url: server.url, identity, roomId, takesVideo: true }),
      log: createLogger({ level: 'warn', format: 'json' }),
    });
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
      // Only libvpx shows nothing but the highest layer of a picture.
      const decoder = codec === 'vp9' ? ['-c:v', 'libvpx-vp9'] : [];
      const { stderr } = await run('ffmpeg', [
        '-v',
        'error',
        ...decoder,
        '-i',
        join(folder, file),
        '-fps_mode',
        'passthrough',
        '-enc_time_base',
        '-1',
        '-f',
        'null',
        '-',
      ]);
      assert.equal(stderr, '', file);
    }
  });
});

async function trackOf(names: ClipName[]): Promise<ClipTrack> {
  const [first, ...rest] = await Promise.all(names.map(loadClip));
  assert.ok(first);
  return new ClipTrack({ clips: [first, ...rest] });
}
