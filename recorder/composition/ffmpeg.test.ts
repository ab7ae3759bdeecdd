import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** How long the system may take to end it, in milliseconds. */
const PATIENCE_MS = 30_000;
const MODULE = new URL('ffmpeg.ts', import.meta.url).href;

test('ffmpeg ends with its process, even if that is killed', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'canopy-ffmpeg-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  // One that never ends by itself, and says who it is.
  const program = '#!/bin/sh\necho $$ > pid\necho out_time_us=1\nexec sleep 600\n';
  await writeFile(join(folder, 'ffmpeg'), program, { mode: 0o755 });
  const script = `
    const { runFfmpeg } = await import(${JSON.stringify(MODULE)});
    const onProgress = () => console.log('running');
    await runFfmpeg([], { cwd: '.', signal: new AbortController().signal, onProgress });
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
  context.after(() => {
    if (existsSync(`/proc/${pid}`)) {
      process.kill(pid, 'SIGKILL');
    }
  });
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const untilMs = performance.now() + PATIENCE_MS;
  const runs = async () =>
    !/^State:\tZ/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ'));
  while ((await runs()) && performance.now() < untilMs) {
    await delay(20);
  }
  assert.ok(!(await runs()), 'it still runs');
});
