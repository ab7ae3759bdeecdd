import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReorderBuffer } from './reorder-buffer.ts';

const WAIT_MS = 500;

describe('ReorderBuffer', () => {
  const taken = (buffer: ReorderBuffer<number>, nowMs: number) =>
    [...buffer.take(nowMs)].map(({ packet, lost }) => (lost > 0 ? `-${lost} ${packet}` : `${packet}`));

  test('passes packets on in order, across the wrap of their numbers, and drops duplicates', () => {
    const buffer = new ReorderBuffer<number>(WAIT_MS);
    for (const number of [65_534, 65_534, 0, 65_535, 1]) {
      buffer.add(number, number, 0);
    }
    assert.deepEqual(taken(buffer, 0), ['65534', '65535', '0', '1']);
  });

  test('waits for a missing packet, but not for ever', () => {
    const buffer = new ReorderBuffer<number>(WAIT_MS);
    for (const number of [10, 12, 13, 16]) {
      buffer.add(number, number, 0);
    }
    assert.deepEqual(taken(buffer, WAIT_MS - 1), ['10']);
    assert.deepEqual(taken(buffer, WAIT_MS), ['-1 12', '13', '-2 16']);
    buffer.add(11, 11, WAIT_MS);
    assert.deepEqual(taken(buffer, 2 * WAIT_MS), []);
  });

  test('a retransmission in time fills the gap', () => {
    const buffer = new ReorderBuffer<number>(WAIT_MS);
    for (const number of [10, 12, 11]) {
      buffer.add(number, number, 0);
    }
    assert.deepEqual(taken(buffer, 1), ['10', '11', '12']);
  });

  test('a new start counts as a loss, and its first packets may be out of order', () => {
    const buffer = new ReorderBuffer<number>(WAIT_MS);
    buffer.add(10, 10, 0);
    assert.deepEqual(taken(buffer, 0), ['10']);
    buffer.add(30_001, 30_001, 0);
    buffer.add(30_002, 30_002, 0);
    assert.deepEqual(taken(buffer, WAIT_MS), ['-1 30001', '30002']);
    buffer.add(101, 101, 1000);
    buffer.add(100, 100, 1000);
    assert.deepEqual(taken(buffer, 1000), ['100', '101']);
  });

  test('a new start a little lower is recognised, and a burst of late retransmissions is not one', () => {
    const buffer = new ReorderBuffer<number>(WAIT_MS);
    buffer.add(1000, 1000, 0);
    assert.deepEqual(taken(buffer, 0), ['1000']);
    for (let number = 900; number < 1000; number++) {
      buffer.add(number, number, 0);
    }
    buffer.add(1001, 1001, 0);
    assert.deepEqual(taken(buffer, 0), ['1001']);
    for (let number = 500; number < 800; number++) {
      buffer.add(number, number, 0);
    }
    const [first, ...rest] = taken(buffer, WAIT_MS);
    assert.match(first ?? '', /^-1 /);
    assert.ok(rest.length > 90 && rest.at(-1) === '799', `${rest.length}`);
  });
});
