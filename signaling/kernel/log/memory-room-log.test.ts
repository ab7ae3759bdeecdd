import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryRoomLog } from './memory-room-log.ts';

const bytes = (text: string) => Buffer.from(text);
const missed = (log: MemoryRoomLog, seq: number) => {
  const records = log.since(seq);
  return records === 'gone' ? records : records.map((record) => record.seq);
};

describe('MemoryRoomLog', () => {
  it('numbers entries from 1 and returns those after a position, in order', () => {
    const log = new MemoryRoomLog();
    assert.deepEqual([log.head, log.since(0)], [0, []]);
    assert.deepEqual(
      ['a', 'b', 'c'].map((kind) => log.append(kind, bytes(`of ${kind}`))),
      [1, 2, 3],
    );
    assert.equal(log.head, 3);
    assert.deepEqual(log.since(1), [
      { seq: 2, kind: 'b', bytes: bytes('of b') },
      { seq: 3, kind: 'c', bytes: bytes('of c') },
    ]);
    assert.deepEqual([missed(log, 0), missed(log, 3)], [[1, 2, 3], []]);
  });

  it('answers gone for a position that never existed', () => {
    const log = new MemoryRoomLog();
    log.append('a', bytes('a'));
    assert.equal(log.since(2), 'gone');
    assert.equal(log.since(Number.MAX_SAFE_INTEGER), 'gone');
    assert.notEqual(log.logId, new MemoryRoomLog().logId);
  });

  it('keeps the newest entries, up to a maximum number', () => {
    const log = new MemoryRoomLog({ maxEntries: 3 });
    for (let n = 0; n < 5; n += 1) {
      log.append('a', bytes('a'));
    }
    assert.deepEqual([missed(log, 1), missed(log, 2), missed(log, 4)], ['gone', [3, 4, 5], [5]]);
  });

  it('threat 4: a flood of entries stays within the size limit, and only old positions need a snapshot', () => {
    const log = new MemoryRoomLog();
    for (let n = 1; n <= 100_000; n += 1) {
      log.append('participant.updated', Buffer.alloc(n % 2000));
      assert.ok(log.keptBytes <= 262_144);
    }
    assert.equal(log.head, 100_000);
    assert.equal(log.since(1), 'gone');
    assert.deepEqual(missed(log, 99_998), [99_999, 100_000]);
    // Larger than everything that is kept: it has a number, and is gone at once.
    assert.equal(log.append('large', Buffer.alloc(300_000)), 100_001);
    assert.deepEqual([log.keptBytes, log.since(100_000), log.since(100_001)], [0, 'gone', []]);
    log.append('small', bytes('small'));
    assert.deepEqual(missed(log, 100_001), [100_002]);
  });
});
