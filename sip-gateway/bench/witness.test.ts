import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Witness } from './witness.ts';

test('a witness measures how late an idle thread wakes up, and the time stolen by the hypervisor', async () => {
  const witness = await Witness.start();
  // It watches meanwhile: nothing happens that could be waited for.
  await sleep(200);
  const [lateness, stolen] = await witness.stop();
  const [p999Ms = Number.NaN, maxMs = Number.NaN] = `${lateness?.value}`.split('; ').map(Number);
  assert.ok(p999Ms > 0 && p999Ms <= maxMs, `${lateness?.value}`);
  assert.ok(Number(stolen?.value) >= 0 && Number(stolen?.value) <= 100, `${stolen?.value}`);
});
