import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../../test/support/programs.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { eventually } from '../../../test/support/wait.ts';
import { TestKernel } from '../testing/index.ts';
import { CompositionRecords } from './composition-records.ts';
import { RecordingRecords } from './recording-records.ts';
import { FileRecords, type RecordingFileRow } from './storage/index.ts';
import type { RecordingRow } from './tables.ts';

const NOW = 1_800_000_000_000;
const fileOf = (row: Partial<RecordingFileRow>): RecordingFileRow => ({
  ...{
    recording_id: 'one',
    name: '001-camera.webm',
    room_id: 'team',
    bytes: 1000,
    state: 'waiting',
    has_copy: 0,
  },
  ...{ upload_id: null, parts: null, attempts: 0, added_at_ms: NOW, next_attempt_ms: NOW },
  ...row,
});
const recordingOf = (recordingId: string): RecordingRow => ({
  ...{
    recording_id: recordingId,
    room_id: 'team',
    status: 'ended',
    mode: 'video',
    full: 0,
    started_at_ms: 1,
  },
  ...{ ended_at_ms: 2, duration_ms: 1, bytes: 1000, account_id: null, display_name: null, reason: 'stopped' },
});

for (const engine of storeEngines()) {
  describe(`the queue for the bucket in ${engine.name}`, { skip: engine.skip }, () => {
    let host: TestKernel;
    let records: FileRecords;

    before(async () => {
      host = await TestKernel.open({ 'store.url': await engine.newUrl() });
      records = new FileRecords(host.kernel.store);
    });
    after(async () => {
      await host?.close();
      await engine.close();
    });

    it('does what is deleted first, then copies, then uploads, and nothing before its time', async () => {
      await records.add([
        fileOf({ name: 'a', next_attempt_ms: NOW + 1 }),
        fileOf({ name: 'b', next_attempt_ms: NOW + 2 }),
        fileOf({ name: 'c', state: 'stored', has_copy: 1, next_attempt_ms: NOW + 3 }),
        fileOf({ name: 'd', state: 'stored', next_attempt_ms: NOW }),
        fileOf({ name: 'e', state: 'deleting', next_attempt_ms: NOW + 4 }),
      ]);
      await records.add([fileOf({ name: 'a', bytes: 7 })]);
      const next = async (afterMs: number) => (await records.next(NOW + afterMs))?.name;
      assert.deepEqual(
        [await next(0), await next(1), await next(2), await next(3), await next(4)],
        [undefined, 'a', 'a', 'c', 'e'],
      );
      assert.equal(await records.nextMs(), NOW + 1);
      assert.deepEqual(await records.pending(), {
        waiting: 2,
        waitingBytes: 2000,
        waitingSinceMs: NOW,
        deleting: 1,
      });
    });

    it('forgets what was never sent, and has the rest deleted in the bucket', async () => {
      await records.add([fileOf({ name: 'begun', attempts: 1 })]);
      await records.delete({ recording_id: 'one' });
      for (const name of ['a', 'b']) {
        assert.equal(await records.find('one', name), undefined);
      }
      for (const name of ['begun', 'c', 'd', 'e']) {
        const row = await records.find('one', name);
        assert.equal(row?.state, 'deleting', name);
        assert.equal(await records.update({ ...row, state: 'waiting' }, { state: 'stored' }), false);
        await records.forget(row);
      }
      assert.equal(await records.nextMs(), undefined);
    });

    it('finds recordings and videos that have ended and are not in it', async () => {
      const recordings = new RecordingRecords(host.kernel.store);
      const compositions = new CompositionRecords(host.kernel.store);
      for (const id of ['one', 'two', 'three']) {
        await recordings.add({ ...recordingOf(id), status: id === 'three' ? 'ending' : 'ended' });
      }
      await records.add([fileOf({ recording_id: 'two', name: 'recording.json' })]);
      for (const [id, status, format] of [
        ['made', 'done', 'mp4'],
        ['known', 'done', 'webm'],
        ['queued', 'queued', 'opus'],
      ] as const) {
        await compositions.add(
          {
            ...{ composition_id: id, recording_id: 'two', room_id: 'team', status, layout: 'gallery' },
            ...{ format, automatic: 0, requested_at_ms: NOW, bytes: 0, error: null },
          },
          { room: 10, server: 100 },
        );
      }
      await records.add([fileOf({ recording_id: 'two', name: 'composition-known.webm' })]);
      assert.deepEqual(await records.newRecordings(), [{ recording_id: 'one', room_id: 'team' }]);
      assert.deepEqual(await records.newCompositions(), [
        { recording_id: 'two', room_id: 'team', name: 'composition-made.mp4' },
      ]);
      const isWanted = (recordingId: string, name: string) =>
        records.isWanted(fileOf({ recording_id: recordingId, name }));
      assert.deepEqual(
        [
          await isWanted('one', '001-camera.webm'),
          await isWanted('gone', '001-camera.webm'),
          await isWanted('two', 'composition-made.mp4'),
          await isWanted('two', 'composition-gone.mp4'),
        ],
        [true, false, true, false],
      );
      assert.equal(await compositions.isWanted('two'), true);
      assert.equal(await compositions.isWanted('one'), false);
    });
  });
}

describe('a bucket that cannot be reached', () => {
  let host: TestKernel;

  before(async () => {
    host = await TestKernel.open({
      'recording.s3Url': `http://127.0.0.1:${await freePort()}/meetings`,
      'recording.s3AccessKey': 'key',
      'recording.s3Secret': 'secret',
    });
  });
  after(() => host?.close());

  it('leaves recordings where they are, and is reported with its setting', async () => {
    const { kernel, dir } = host;
    const folder = join(dir, 'recordings', 'one');
    mkdirSync(folder, { recursive: true });
    for (const name of ['001-camera.webm', 'recording.json', 'recording.json.damaged', 'notes.txt']) {
      writeFileSync(join(folder, name), 'x'.repeat(10));
    }
    await new RecordingRecords(kernel.store).add(recordingOf('one'));
    await kernel.starting.run();
    const state = await eventually(
      'the problem is known',
      () => kernel.recordingStorage(),
      (known) => known?.problem !== null && known?.waiting === 2,
    );
    assert.match(state?.problem ?? '', /^recording\.s3Url: the storage cannot be reached \(ECONNREFUSED/);
    assert.ok(existsSync(join(folder, '001-camera.webm')));
    assert.match(await kernel.registry.metrics(), /^canopy_recording_bucket_up 0$/m);
  });
});
