import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSamples } from './samples.ts';

test('of what k6 wrote, the stages are read, and what went wrong with message and HTTP status', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'canopy-k6-samples-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'samples.csv');
  const message = encodeURIComponent('challenge: SOCKET_ERROR (closed, a=b & "c", after 15 s)');
  writeFileSync(
    file,
    [
      'metric_name,timestamp,metric_value,status,extra_tags,metadata',
      'ws_connecting,1795411197715,3.5,101,,',
      'ws_connecting,1795411197716,3.5,429,,',
      'ws_connecting,1795411197717,3.5,,,',
      'http_reqs,1795411197717,1,404,,',
      `canopy_errors,1795411208080,1.000000,,peer=9&error=${message},`,
      `canopy_errors,1795411208081,1.000000,,error=${message}&peer=10,`,
      'canopy_join_ms,1795411208082,12.000000,,peer=4,',
      '',
    ].join('\n'),
  );
  assert.deepEqual(await readSamples(file), {
    samples: [{ stage: 'join', peer: 4, atMs: 1795411208082, tookMs: 12 }],
    errors: { 'handshake: HTTP 429': 1, 'challenge: SOCKET_ERROR (closed, a=b & "c", after 15 s)': 2 },
  });
});
