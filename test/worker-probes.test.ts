import assert from 'node:assert/strict';
import { it } from 'node:test';
import { numbersProbesApart } from '../sfu/index.ts';
import { isPatched } from './support/patched-worker.ts';

const worker = process.env.MEDIASOUP_WORKER_BIN;
const skip = !isPatched(worker) && 'the worker in use was not built by the set-up, which mends this';

it('the worker numbers each receiver’s bandwidth probes separately', { skip }, async () => {
  assert.equal(await numbersProbesApart(worker), true);
});
