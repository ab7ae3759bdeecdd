import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { benchForwarding } from '../bench/index.ts';
import { FIELD_TRIALS } from '../sfu/index.ts';
import { lastTag, workerOf } from './support/release-worker.ts';

/** A media worker, or a git revision whose worker is built. Default: the last tag. */
const AGAINST = process.env.WORKER_GATE_AGAINST;
/** How much dearer a packet may become. */
const LIMIT = Number(process.env.WORKER_GATE_LIMIT ?? 1.05);
/** How long each worker is measured, in seconds. */
const SECONDS = Number(process.env.WORKER_GATE_SECONDS ?? 40);

const revision = AGAINST ?? (await lastTag());
const skip = revision === undefined && 'there is no release tag, and WORKER_GATE_AGAINST names no worker';

describe('forwarding costs no more than in the last release', { skip }, () => {
  for (const estimation of [true, false]) {
    it(`${estimation ? 'with' : 'without'} bandwidth estimation`, async (t) => {
      const outDir = await mkdtemp(join(tmpdir(), 'canopy-gate-'));
      t.after(() => rm(outDir, { recursive: true, force: true }));
      const against = existsSync(`${revision}`) ? revision : await workerOf(`${revision}`);
      const { run } = await benchForwarding(
        {
          worker: process.env.MEDIASOUP_WORKER_BIN,
          against,
          estimation,
          fieldTrials: FIELD_TRIALS,
          seconds: SECONDS,
          outDir,
        },
        (line) => t.diagnostic(line),
      );
      // An interval that includes the limit shows nothing.
      assert.ok(run.ratio && run.ratio.low <= LIMIT, `${JSON.stringify(run.ratio)}`);
    });
  }
});
