import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { RoomLog } from './room-log.ts';

const logId = 'one';
const data = (seq: number, id = logId) => ({ producerId: `p${seq}`, log: { logId: id, seq } });
const entry = (seq: number) => ({ seq, kind: 'producer.paused', data: { producerId: `p${seq}` } });

describe('RoomLog', () => {
  let applied: unknown[];
  let missing: number;
  let log: RoomLog;

  beforeEach(() => {
    applied = [];
    missing = 0;
    log = new RoomLog({
      apply: (kind, event) => {
        const { log: at, ...rest } = event as { log?: { seq: number } };
        applied.push(at?.seq ?? { kind, ...rest });
      },
      missing: () => {
        missing += 1;
      },
    });
  });

  it('applies each entry once and in order, and knows its position', () => {
    assert.equal(log.position, undefined);
    log.catchUp({ logId, seq: 4 });
    for (const seq of [4, 5, 5, 6, 4, 7]) {
      log.receive('producer.paused', data(seq));
    }
    assert.deepEqual([applied, log.position, missing], [[5, 6, 7], { logId, seq: 7 }, 0]);
  });

  it('applies missed entries with their position, but none that arrived both ways twice', () => {
    log.catchUp({ logId, seq: 1 });
    log.receive('producer.paused', data(2));
    log.catchUp({ logId, seq: 5, entries: [2, 3, 4, 5].map(entry) });
    for (const seq of [4, 5, 6]) {
      log.receive('producer.paused', data(seq));
    }
    assert.deepEqual([applied, log.position], [[2, 3, 4, 5, 6], { logId, seq: 6 }]);
  });

  it('continues from a snapshot if the missed entries are gone or the log is another one', () => {
    log.catchUp({ logId, seq: 1 });
    log.catchUp({ logId, seq: 900 });
    log.receive('producer.paused', data(901));
    log.catchUp({ logId: 'two', seq: 3 });
    log.receive('producer.paused', data(902));
    log.receive('producer.paused', data(4, 'two'));
    assert.deepEqual([applied, log.position, missing], [[901, 4], { logId: 'two', seq: 4 }, 0]);
  });

  it('reports a missing entry and drops later ones until it arrives', () => {
    log.catchUp({ logId, seq: 1 });
    log.receive('producer.paused', data(3));
    log.receive('producer.paused', data(4));
    assert.deepEqual([applied, missing, log.position], [[], 2, { logId, seq: 1 }]);
    log.catchUp({ logId, seq: 4, entries: [2, 3, 4].map(entry) });
    log.receive('producer.paused', data(5));
    assert.deepEqual([applied, missing], [[2, 3, 4, 5], 2]);
  });

  it('applies other events as they come, and drops entries of a room that is not entered', () => {
    log.receive('room.speaker', { participantId: null });
    log.receive('producer.paused', data(1));
    assert.deepEqual(applied, [{ kind: 'room.speaker', participantId: null }]);
  });
});
