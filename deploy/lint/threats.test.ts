import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../setup/index.mjs';

const HOUSES = [
  'base',
  'bin',
  'client',
  'contract',
  'deploy',
  'recorder',
  'sfu',
  'signaling',
  'sip-gateway',
  'test',
];

/** The case numbers in test titles, written `threat 13:` or `threats 4 and 8:`. */
function testedCases(): Set<number> {
  const cases = new Set<number>();
  for (const house of HOUSES) {
    for (const name of readdirSync(join(root, house), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.test.ts')) {
        continue;
      }
      const text = readFileSync(join(root, house, name), 'utf8');
      for (const [, numbers = ''] of text.matchAll(/\bthreats? ((?:\d+(?:, | and )?)+)/g)) {
        for (const [number] of numbers.matchAll(/\d+/g)) {
          cases.add(Number(number));
        }
      }
    }
  }
  return cases;
}

describe('THREATS.md', () => {
  const rows = [...readFileSync(join(root, 'THREATS.md'), 'utf8').matchAll(/^\| (\d+) \| (.*) \|$/gm)];
  const numbers = rows.map(([, number]) => Number(number));

  it('numbers its cases without a gap', () => {
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
  });

  it('lists every case that a test names', () => {
    const unknown = [...testedCases()].filter((number) => !numbers.includes(number));
    assert.deepEqual(unknown, []);
  });

  it('has a test for every case of a feature that exists', () => {
    const tested = testedCases();
    const untested = rows
      .filter(([, number, text = '']) => !text.endsWith('*later*') && !tested.has(Number(number)))
      .map(([, number]) => Number(number));
    assert.deepEqual(untested, []);
  });
});
