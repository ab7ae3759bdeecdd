import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { benchK6, GoBuildFailed } from '../bench/index.ts';

const PEOPLE = 50;

/** Runs a scenario with few people. Skips the test with a reason if k6 is missing. */
async function storm(t: TestContext, scenario: string, durationSeconds: number) {
  const outDir = mkdtempSync(join(tmpdir(), 'canopy-k6-test-'));
  t.after(() => rmSync(outDir, { recursive: true, force: true }));
  const write = (line: string) => t.diagnostic(line);
  try {
    const options = { scenario, peers: PEOPLE, joinsPerSecond: 25, durationSeconds, outDir };
    const { run } = await benchK6(options, write);
    return { ...run.result, page: readFileSync(join(outDir, `${scenario}.html`), 'utf8') };
  } catch (error) {
    if (!(error instanceof GoBuildFailed)) {
      throw error;
    }
    t.skip(error.message);
    return undefined;
  }
}

/** Number of people who completed a stage. */
function through(samples: ReadonlyArray<{ stage: string; peer: number }>, stage: string): number {
  return new Set(samples.filter((sample) => sample.stage === stage).map(({ peer }) => peer)).size;
}

test('50 k6 users answer the challenge, join rooms, and are notified of everyone else there', async (t) => {
  const result = await storm(t, 'k6-join-storm', 1);
  if (!result) {
    return;
  }
  assert.deepEqual(result.errors, {});
  assert.equal(result.metrics.canopy_failed?.values.passes, 0);
  for (const stage of ['connect', 'challenge', 'sign', 'prove', 'join']) {
    assert.equal(through(result.samples, stage), PEOPLE, stage);
  }
  for (const title of ['Environment', 'Headline', 'Not measured', 'Traps', 'Claim']) {
    assert.ok(result.page.includes(`<h2>${title}</h2>`), title);
  }
});

test('threat 7: 50 k6 users lose their connections at once and all get their seats back', async (t) => {
  const result = await storm(t, 'k6-reconnect-storm', 4);
  if (!result) {
    return;
  }
  assert.deepEqual(result.errors, {});
  assert.equal(through(result.samples, 'resume'), PEOPLE);
});
