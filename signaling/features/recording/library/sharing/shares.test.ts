import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestKernel } from '../../../testing/index.ts';
import { RecordingRecords } from '../../recording-records.ts';
import { Shares } from './shares.ts';

const DAY_MS = 86_400_000;

describe('Shares', () => {
  it('threat 40: a link is valid until it expires, and a recording has at most 20 at a time', async () => {
    const host = await TestKernel.open();
    try {
      const { store } = host.kernel;
      await new RecordingRecords(store).add({
        recording_id: 'recording-1',
        room_id: 'main',
        status: 'ended',
        mode: 'video',
        full: 0,
        started_at_ms: 1,
        ended_at_ms: 2,
        duration_ms: 1,
        bytes: 1,
        account_id: null,
        display_name: null,
        reason: 'stopped',
      });
      let nowMs = 1_000_000;
      const shares = new Shares(store, () => nowMs);
      const about = { recordingId: 'recording-1', accountId: 'a'.repeat(64), displayName: 'Ann' };
      const made: Array<Awaited<ReturnType<Shares['create']>>> = [];
      for (let n = 0; n < 20; n += 1) {
        made.push(await shares.create({ ...about, days: n === 0 ? 1 : 7 }));
      }
      await assert.rejects(shares.create({ ...about, days: 1 }), { code: 'LIMIT_REACHED' });
      const { row, secret } = made[0] ?? assert.fail();
      nowMs += DAY_MS - 1;
      assert.equal((await shares.find(secret))?.share_id, row.share_id);
      nowMs += 1;
      assert.equal(await shares.find(secret), undefined);
      assert.equal(await shares.byId(row.share_id), undefined);
      assert.equal((await shares.of('recording-1')).length, 19);
      await shares.create({ ...about, days: 1 });
      assert.equal(await shares.find(row.secret_hash), undefined);
    } finally {
      await host.close();
    }
  });
});
