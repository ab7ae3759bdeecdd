import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../base/index.ts';
import type { RecordedTrack, RecordingManifest } from '../../contract/index.ts';

import { RecordingFolder } from './recording-folder.ts';
import { TrackFile } from './track-file.ts';
import { audioFormat } from './track-format.ts';

const LOG = createLogger({ level: 'silent', format: 'json' });
/** 120 ms of silence in Opus (RFC 6716 §3.2.5). */
const PACKET = Buffer.from(`fb06${'fffe'.repeat(6)}`, 'hex');
const PACKET_MS = 120;
/** Length of the sound in `unfinished`, in milliseconds. */
const LENGTH_MS = 100 * PACKET_MS;

describe('RecordingFolder', () => {
  let root: string;
  /** A file of a process that died. */
  let unfinished: string;
  let folder: RecordingFolder;
  let files = 0;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'canopy-folder-'));
    const path = join(root, 'whole.webm');
    const file = new TrackFile(path, audioFormat());
    await file.open();
    for (let atMs = 0; atMs < LENGTH_MS; atMs += PACKET_MS) {
      file.add({ data: PACKET, atMs, durationMs: PACKET_MS, key: true });
    }
    while (!file.isDue) {
      await delay(50);
    }
    await file.flushIfDue();
    unfinished = join(root, 'unfinished.webm');
    await copyFile(path, unfinished);
    await file.close();
  });
  beforeEach(async () => {
    folder = new RecordingFolder(join(root, `recording-${++files}`), LOG);
    await folder.make();
  });
  after(() => rm(root, { recursive: true, force: true }));

  const put = (name: string, contents: Buffer | string) => writeFile(join(folder.path, name), contents);
  const list = (names: string[]) => folder.save(() => manifestOf(names));

  test('repairs the files of a process that died, up to their last complete packet', async () => {
    await put('001-microphone.webm', await readFile(unfinished));
    await truncate(join(folder.path, '001-microphone.webm'), (await stat(unfinished)).size - 3);
    await list(['001-microphone.webm']);
    const repaired = await folder.repair();
    const [track] = repaired?.tracks ?? [];
    assert.equal(track?.isComplete, true);
    // The muxer held back the last packet, and the one before was cut off.
    assert.equal(track?.durationMs, LENGTH_MS - 2 * PACKET_MS);
    assert.equal(repaired?.durationMs, LENGTH_MS - 2 * PACKET_MS);
    assert.equal(track?.bytes, (await stat(join(folder.path, '001-microphone.webm'))).size);
    assert.deepEqual((await folder.readManifest())?.tracks, repaired?.tracks);
  });

  test('keeps a damaged file as it is, and repairs those after it', async () => {
    const damaged = await readFile(unfinished);
    // The track's description: without it nothing tells what the blocks hold.
    damaged.fill(0x7f, damaged.indexOf('A_OPUS') - 8, damaged.indexOf('A_OPUS') + 60);
    await put('001-microphone.webm', damaged);
    await put('002-microphone.webm', await readFile(unfinished));
    await list(['001-microphone.webm', '002-microphone.webm']);
    const repaired = await folder.repair();
    assert.deepEqual(
      repaired?.tracks.map(({ file, isComplete }) => [file, isComplete]),
      [
        ['001-microphone.webm', false],
        ['002-microphone.webm', true],
      ],
    );
    const kept = await readFile(join(folder.path, '001-microphone.webm'));
    assert.ok(kept.length >= damaged.length - 12, 'nothing of it was deleted');
  });

  test('deletes a file that holds no packet, and forgets one that was never created', async () => {
    await put('001-camera.webm', '');
    const head = await readFile(unfinished);
    await put('002-camera.webm', head.subarray(0, head.indexOf(Buffer.from('1f43b675', 'hex'))));
    await list(['001-camera.webm', '002-camera.webm', '003-camera.webm']);
    assert.deepEqual((await folder.repair())?.tracks, []);
    await assert.rejects(stat(join(folder.path, '001-camera.webm')), { code: 'ENOENT' });
    await assert.rejects(stat(join(folder.path, '002-camera.webm')), { code: 'ENOENT' });
  });

  test('counts what its list of events takes, also that of an earlier process', async () => {
    for (let atMs = 0; atMs < 100; atMs += 1) {
      folder.append({ kind: 'speaker', participantId: null, atMs });
    }
    await folder.settled();
    const { size } = await stat(join(folder.path, 'events.jsonl'));
    assert.ok(size > 4000);
    assert.equal(folder.eventBytes, size);
    const next = new RecordingFolder(folder.path, LOG);
    await next.make();
    assert.equal(next.eventBytes, size);
    await list([]);
    assert.equal((await next.repair())?.eventBytes, size);
  });

  test('neither makes a folder nor a list where nothing was recorded', async () => {
    const none = new RecordingFolder(join(root, 'none'), LOG);
    assert.equal(await none.repair(), undefined);
    await assert.rejects(stat(none.path), { code: 'ENOENT' });
  });

  test('counts files by their numbers, whether they are listed or not', async () => {
    assert.equal(await folder.highestNumber(), 0);
    await put('002-camera.webm', '');
    await put('010-microphone.webm', '');
    await list([]);
    assert.equal(await folder.highestNumber(), 10);
  });

  test('puts a list aside that cannot be understood', async () => {
    await put('recording.json', '{"version":1,');
    assert.equal(await folder.readManifest(), undefined);
    assert.equal(await readFile(join(folder.path, 'recording.json.damaged'), 'utf8'), '{"version":1,');
  });

  test('writes the list as it is at last', async () => {
    const saves = ['001-a.webm', '002-a.webm', '003-a.webm'].map((name) => list([name]));
    await Promise.all(saves);
    assert.equal((await folder.readManifest())?.tracks[0]?.file, '003-a.webm');
  });
});

function manifestOf(files: string[]): RecordingManifest {
  const tracks = files.map(
    (file): RecordedTrack => ({
      ...{
        file,
        codec: 'opus',
        participantId: '00000000-0000-4000-8000-000000000001',
        displayName: 'Ann',
        source: 'microphone',
      },
      ...{ offsetMs: 0, durationMs: 0, bytes: 0, isComplete: false },
    }),
  );
  return {
    ...{ version: 1, recordingId: 'one', roomId: 'team', mode: 'video', startedAtMs: 0, endedAtMs: null },
    ...{ durationMs: 0, pauses: [], tracks, eventBytes: 0 },
  };
}
