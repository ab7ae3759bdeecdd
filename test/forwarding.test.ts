import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { benchForwarding } from '../bench/index.ts';
import { FIELD_TRIALS } from '../sfu/index.ts';

const RECEIVERS = 4;

const worker = process.env.MEDIASOUP_WORKER_BIN;

it('the benchmark of forwarding measures two workers in alternation, and counts every packet', async (t) => {
  const outDir = await mkdtemp(join(tmpdir(), 'canopy-forwarding-'));
  t.after(() => rm(outDir, { recursive: true, force: true }));
  const options = {
    worker,
    against: worker,
    fieldTrials: FIELD_TRIALS,
    receivers: RECEIVERS,
    seconds: 2,
    outDir,
  };
  const { run, summary } = await benchForwarding(options, () => undefined);
  assert.equal(run.workers.length, 2);
  for (const { slices } of run.workers) {
    for (const { packets, packetUs, tagBytes, late, disordered, duplicates } of slices) {
      // 2 Mbit/s are about 240 packets per second for each receiver.
      assert.ok(packets > 500, `${packets} packets`);
      assert.ok(packetUs > 0);
      // AES-GCM adds 16 bytes, AES-CM with HMAC-SHA1 10.
      assert.ok(tagBytes > 14, `${tagBytes} bytes added by SRTP`);
      // A worker without CPU for long misses packets. What it gets when they are sent again, it forwards late, to every receiver.
      const most = late * RECEIVERS;
      assert.ok(disordered <= most, `${disordered} disordered, ${late} late`);
      assert.ok(duplicates <= most, `${duplicates} duplicates, ${late} late`);
    }
  }
  assert.ok(summary.headline.some(({ label }) => label === 'A to B, CPU per packet (ratio)'));
});
