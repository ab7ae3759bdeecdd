import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { benchPage } from '../bench/index.ts';

const PEOPLE = 3;

test('the page is measured: pictures come, nothing jumps, and the report says what a call costs', async (t) => {
  const outDir = mkdtempSync(join(tmpdir(), 'canopy-page-test-'));
  t.after(() => rmSync(outDir, { recursive: true, force: true }));
  const options = { outDir, joins: 2, people: PEOPLE, durationSeconds: 1, settleSeconds: 1 };
  const { summary, run } = await benchPage(options, (line) => t.diagnostic(line));
  assert.equal(run.joins.length, 2);
  for (const { firstPictureMs, lastPictureMs, moved } of run.joins) {
    assert.ok(firstPictureMs > 0 && firstPictureMs <= lastPictureMs);
    assert.deepEqual(moved, []);
  }
  assert.equal(run.watching.videos, PEOPLE);
  assert.ok(run.watching.cpuPercent.renderer > 0 && run.sending.cpuPercent.other > 0);
  assert.ok(run.heapBytes > 0);
  assert.ok(summary.complete, JSON.stringify(summary.headline));
  assert.match(readFileSync(join(outDir, 'page.csv'), 'utf8'), /click on join to the first picture, p95/);
});
