import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { carried, machineTable, type UnitCost } from './sizing.ts';

const COST: UnitCost = {
  units: 'rooms of 10',
  people: 10,
  atKnee: 6,
  cpuPercent: 6,
  nodePercent: 1,
  sentMbps: 12,
  receivedMbps: 4,
  memoryMiB: 9,
  packetsPerSecondPerCore: 40_000,
  floorUs: 3,
};
const MACHINE = { name: 'M', cores: 4, coreRatio: 0.9, linkMbps: 100 };

describe('carried()', () => {
  it('is what fits nine tenths of the link, or three quarters of the cores', () => {
    assert.deepEqual(carried(COST, MACHINE), { units: 7, limit: 'link' });
    assert.deepEqual(carried(COST, { ...MACHINE, linkMbps: 1000 }), { units: 45, limit: 'CPU' });
    assert.deepEqual(carried({ ...COST, receivedMbps: 30 }, MACHINE), { units: 3, limit: 'link' });
  });

  it('is in the table with the people in it and what ends it', () => {
    const phones = { ...COST, units: 'phones', people: 1, sentMbps: 0.08, receivedMbps: 0.08 };
    assert.deepEqual(
      machineTable({ costs: [COST, phones] } as Parameters<typeof machineTable>[0], [MACHINE]),
      ['| machine | rooms of 10 | phones |', '| --- | --- | --- |', '| M | 7, 70 people (link) | 45 (CPU) |'],
    );
  });
});
