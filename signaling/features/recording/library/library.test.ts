import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestKernel } from '../../testing/index.ts';
import type { Compositions } from '../compositions.ts';
import { RecordingRecords } from '../recording-records.ts';
import { RecordingStorage } from '../recording-storage.ts';
import { FileRecords, type RecordingFileRow } from '../storage/index.ts';
import type { RecordingRow } from '../tables.ts';
import { Library } from './library.ts';

const RECORDING: RecordingRow = {
  ...{ recording_id: 'one', room_id: 'team', status: 'ended', mode: 'video', full: 0, started_at_ms: 1 },
  ...{ ended_at_ms: 2, duration_ms: 1, bytes: 1000, account_id: null, display_name: null, reason: 'stopped' },
};
const FILE: RecordingFileRow = {
  ...{ recording_id: 'one', name: '001-camera.webm', room_id: 'team', bytes: 1000, state: 'waiting' },
  ...{ has_copy: 0, upload_id: null, parts: null, attempts: 0, added_at_ms: 1, next_attempt_ms: 1 },
};

describe('the library', () => {
  let host: TestKernel;
  before(async () => {
    host = await TestKernel.open();
  });
  after(() => host.close());

  it('keeps nothing of a recording whose files come into the queue once more while it is deleted', async () => {
    const { config, log, store } = host.kernel;
    const files = new FileRecords(store);
    const records = new RecordingRecords(store);
    await records.add(RECORDING);
    let added = false;
    const storage = new RecordingStorage({
      ...{ config, log, records: files, bucket: undefined },
      changed() {},
      // The queue looks just now for recordings that have ended.
      async stop() {
        if (!added) {
          added = true;
          await files.add([FILE]);
        }
      },
    });
    const compositions: Pick<Compositions, 'deleteAll'> = { deleteAll: async () => {} };
    const library = new Library({ config, records, storage, compositions: compositions as Compositions });
    await library.delete(RECORDING);
    assert.ok(added);
    assert.equal(await files.find('one', FILE.name), undefined);
  });
});
