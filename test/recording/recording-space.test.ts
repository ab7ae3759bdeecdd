// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import type { KeptRecording } from '../../client/sdk/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { decodingFaults, readManifest } from '../support/recordings.ts';
import { TestServer } from '../support/server.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'recorded';
/** With this much free, the disk is above the floor of 1 GiB, and below it. */
const ABOVE = '1500m';
const BELOW = '900m';
/** Two seconds of the camera. */
const TINY = '1m';

describe('space for recordings', () => {
  const disk = new SmallDisk(ABOVE);
  const { skip } = disk;
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    if (!skip) {
      await start({ CANOPY_RECORDING_FREE_GI_B: '1', CANOPY_RECORDING_ROOM_GI_B: '1' });
    }
  });
  after(async () => {
    await stop();
    disk.remove();
  });

  async function start(env: Record<string, string>): Promise<void> {
    server = await TestServer.start({ env: { CANOPY_RECORDING_DIR: disk.dir, ...env } });
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await ann.showCamera();
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
  }
  async function stop(): Promise<void> {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
  }

  /** Starts a recording. @returns its id, once both streams have something */
  async function record(): Promise<string> {
    const recordingId = await ann.room.recording.start();
    await eventually('both streams are recorded', async () => {
      const { tracks } = await readManifest(server, recordingId, disk.dir);
      const files = await Promise.all(tracks.map(({ file }) => stat(join(disk.dir, recordingId, file))));
      return files.length >= 2 && files.every(({ size }) => size > 5000);
    });
    return recordingId;
  }
  /** Why the room is no longer recorded, once it learns that. */
  function ending(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const off = bob.room.recording.on('changed', (running, _, reason) => {
      if (running === null) {
        off();
        resolve(reason);
      }
    });
    return promise;
  }
  /** Waits until nothing more happens to a recording, and checks what there is of it. */
  async function assertPlayable(recordingId: string): Promise<KeptRecording> {
    const row = await eventually(
      'its files are done',
      async () => {
        const { recordings } = await (await ann.recordings).list();
        return recordings.find((each) => each.recordingId === recordingId);
      },
      (found) => found?.status === 'ended',
    );
    const { tracks } = await readManifest(server, recordingId, disk.dir);
    assert.ok(tracks.length >= 2);
    for (const { file } of tracks) {
      assert.equal(await decodingFaults(join(disk.dir, recordingId, file)), '', file);
    }
    assert.ok(row);
    return row;
  }

  test('with too little free space, a recording ends with complete files, the room is notified, and no other starts', {
    skip,
  }, async () => {
    const recordingId = await record();
    const reason = ending();
    disk.resize(BELOW);
    assert.equal(await reason, 'disk-full');
    assert.equal((await assertPlayable(recordingId)).reason, 'disk-full');
    const { tracks } = await readManifest(server, recordingId, disk.dir);
    assert.ok(tracks.every(({ isComplete }) => isComplete));
    await assert.rejects(ann.room.recording.start(), { code: 'RECORDING_DISK_FULL' });
    disk.resize(ABOVE);
  });

  test('a room that has used up its quota is no longer recorded', { skip }, async () => {
    const recordingId = await record();
    const reason = ending();
    const database = new DatabaseSync(join(server.dataDir, 'canopy.sqlite'), { timeout: 5000 });
    database
      .prepare(
        `INSERT INTO recordings (recording_id, room_id, status, mode, "full", started_at_ms, duration_ms, bytes)
         VALUES ('an earlier one', ?, 'ended', 'video', 0, 0, 0, ?)`,
      )
      .run(ROOM, 1024 ** 3);
    database.close();
    assert.equal(await reason, 'quota');
    assert.equal((await assertPlayable(recordingId)).reason, 'quota');
    await assert.rejects(ann.room.recording.start(), { code: 'RECORDING_QUOTA' });
  });

  test('a disk that is really full ends a recording, which stays playable, and the call goes on', {
    skip,
  }, async () => {
    await stop();
    disk.empty();
    disk.resize(TINY);
    await start({ CANOPY_RECORDING_FREE_GI_B: '0' });
    const recordingId = await ann.room.recording.start();
    assert.equal(await ending(), 'disk-full');
    assert.equal((await assertPlayable(recordingId)).reason, 'disk-full');
    const { counters } = await bob.picture(ann);
    const { packets } = counters;
    await eventually('the call goes on', () => counters.packets > packets + 10);
    // Not even the list of tracks can be written now.
    disk.fill();
    await assert.rejects(ann.room.recording.start(), { code: 'RECORDING_DISK_FULL' });
    assert.equal(bob.room.recording.running, null);
    await eventually(
      'the recorder has left',
      () => server.objects(),
      ({ peersConnected }) => peersConnected === 2,
    );
    assert.equal((await server.metrics()).get('canopy_recorder_up'), 1);
  });
});
