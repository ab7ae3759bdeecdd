import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TestKernel } from '../../testing/index.ts';
import { CompositionRecords } from '../composition-records.ts';
import { Compositions } from '../compositions.ts';
import { openStorage } from '../open-storage.ts';
import { RecordingRecords } from '../recording-records.ts';
import { Library } from './library.ts';
import { RecordingRetention } from './recording-retention.ts';

const DAY_MS = 86_400_000;

describe('how long recordings are kept', () => {
  it('those of a room with a limit go with their files when it is over, others stay', async () => {
    const host = await TestKernel.open();
    try {
      const { config, store, log, audit } = host.kernel;
      const records = new RecordingRecords(store);
      const queue = new CompositionRecords(store);
      const storage = openStorage(host.kernel, async () => false);
      const compositions = new Compositions({
        ...{ config, queue, records, storage, log, recorder: undefined },
        changed: () => {},
      });
      const library = new Library({ config, records, compositions, storage });
      const nowMs = Date.now();
      const add = async (id: string, roomId: string, endedDaysAgo: number | null) => {
        mkdirSync(join(host.dir, 'recordings', id), { recursive: true });
        await records.add({
          recording_id: id,
          room_id: roomId,
          status: endedDaysAgo === null ? 'recording' : 'ended',
          mode: 'video',
          full: 0,
          started_at_ms: nowMs - 30 * DAY_MS,
          ended_at_ms: endedDaysAgo === null ? null : nowMs - endedDaysAgo * DAY_MS,
          duration_ms: 1000,
          bytes: 1000,
          account_id: null,
          display_name: null,
          reason: null,
        });
      };
      await add('old', 'limited', 8);
      await add('new', 'limited', 6);
      await add('running', 'limited', null);
      await add('forever', 'unlimited', 29);
      await queue.add(
        {
          ...{
            composition_id: 'video',
            recording_id: 'old',
            room_id: 'limited',
            status: 'queued',
            layout: 'gallery',
          },
          ...{ format: 'mp4', automatic: 0, requested_at_ms: nowMs, bytes: 0, error: null },
        },
        { room: 1, server: 1 },
      );
      const rooms = {
        record: async (roomId: string) => ({
          ...(await host.kernel.rooms.record(roomId)),
          ...(roomId === 'limited' && { recordingDays: 7 }),
        }),
      };
      const retention = new RecordingRetention({ rooms, log, audit }, records, library);
      await retention.run(nowMs);
      await retention.close();
      const kept = async (roomId: string) =>
        (await records.of([roomId], { limit: 10 })).map(({ recording_id: id }) => id).sort();
      assert.deepEqual(await kept('limited'), ['new', 'running']);
      assert.deepEqual(await kept('unlimited'), ['forever']);
      assert.ok(!existsSync(join(host.dir, 'recordings', 'old')));
      assert.ok(existsSync(join(host.dir, 'recordings', 'new')));
      assert.deepEqual(await queue.of('old'), []);
      const [entry] = await audit.list({ limit: 10 });
      assert.deepEqual([entry?.action, entry?.actor_kind], ['recording.delete', 'system']);
    } finally {
      await host.close();
    }
  });
});
