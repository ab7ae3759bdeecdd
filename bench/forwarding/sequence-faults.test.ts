import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sequenceFaults } from './sequence-faults.ts';

const CLEAN = { missing: 0, disordered: 0, duplicates: 0, late: 0 };

test('a packet that the worker got late may be missing, behind others and repeated at each receiver, and no more', () => {
  const late = { ...CLEAN, late: 2, missing: 120, disordered: 120, duplicates: 120 };
  assert.equal(sequenceFaults({ slices: [CLEAN, late], held: { disordered: 60, late: 1 } }, 60), 0);
  assert.equal(sequenceFaults({ slices: [{ ...late, disordered: 121 }], held: undefined }, 60), 1);
  assert.equal(sequenceFaults({ slices: [late, { ...CLEAN, disordered: 1 }], held: undefined }, 60), 1);
  assert.equal(
    sequenceFaults({ slices: [{ ...late, duplicates: 123 }], held: { disordered: 1, late: 0 } }, 60),
    4,
  );
});
