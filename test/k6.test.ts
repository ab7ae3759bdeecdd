import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { benchK6, K6Unavailable } from '../bench/index.ts';

const PEOPLE = 50;

/** Runs a scenario with few people; skips the test, saying why, where there is no k6. */
async function storm(t: TestContext, scenario: string, durationSeconds: number) {
  const outDir = mkdtempSync(join(tmpdir(), 'canopy-k6-test-'));
  t.after(() => rmSync(outDir, { recursive: true, force: true }));
  const write = (line: string) => t.diagnostic(line);
  try {
    const options = { scenario, peers: PEOPLE, joinsPerSecond: 25, durationSeconds, outDir };
    const { run } = await benchK6(options, write);
    return { ...run.result, page: readFileSync(join(outDir, `${scenario}.html`), 'utf8') };
  } catch (error) {
    if (!(error instanceof K6Unavailable)) {
      throw error;
    }
    t.skip(error.message);
    return undefined;
  }
}

/** How many people went through a stage. */
function through(samples: ReadonlyArray<{ stage: string; peer: number }>, stage: string): number {
  return new Set(samples.filter((sample) => sample.stage === stage).map(({ peer }) => peer)).size;
}

test('50 people of k6 answer the challenge and join rooms, and each hears of all others there', async (t) => {
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

test('threat 7: 50 people of k6 lose their connections at once, and all get their seats back', async (t) => {
  const result = await storm(t, 'k6-reconnect-storm', 4);
  if (!result) {
    return;
  }
  assert.deepEqual(result.errors, {});
  assert.equal(through(result.samples, 'resume'), PEOPLE);
});
