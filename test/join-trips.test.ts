import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { benchTrips } from '../bench/index.ts';

/** Five times the goal. */
const LIMIT_MS = 6000;

test('with 100 ms of round trip, media comes without a request for transports, and the report counts the trips', async (t) => {
  const outDir = mkdtempSync(join(tmpdir(), 'canopy-trips-test-'));
  t.after(() => rmSync(outDir, { recursive: true, force: true }));
  const { run } = await benchTrips({ outDir, joins: 1 }, (line) => t.diagnostic(line));
  const [lobby, deepLink, program] = [run.lobby[0], run.deepLink[0], run.program[0]];
  assert.ok(lobby && deepLink && program);
  const names = lobby.steps.map(({ name }) => name);
  assert.ok(names.includes('room.join') && names.includes('transport.connect'), names.join());
  assert.ok(!names.includes('transport.create'), names.join());
  for (const { totalMs, trips } of [lobby, deepLink, program]) {
    assert.ok(totalMs < LIMIT_MS, `${totalMs}`);
    // Each trip takes 100 ms.
    assert.ok(trips >= 4 && trips <= totalMs / 97, `${trips} in ${totalMs} ms`);
  }
  assert.match(readFileSync(join(outDir, 'join-trips.csv'), 'utf8'), /round trips, p50/);
});
