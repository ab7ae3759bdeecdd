import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('log.ts', import.meta.url));

/** Logs until told to stop, then reports the outcome on standard error. */
const script = (format: string) => `
  import { createLogger } from ${JSON.stringify(MODULE)};
  const log = createLogger({ level: 'info', format: '${format}' });
  let lines = 0;
  const timer = setInterval(() => {
    log.info({ lines }, 'a line');
    lines += 1;
    if (lines === 50) {
      clearInterval(timer);
      process.stderr.write('went on');
    }
  }, 2);`;

const start = (format: string, stdout: 'pipe' | number) =>
  spawn(process.execPath, ['--input-type=module-typescript', '--eval', script(format)], {
    stdio: ['ignore', stdout, 'pipe'],
  });

async function endOf(child: ReturnType<typeof start>): Promise<{ status: number; said: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, said };
}

describe('a log that cannot be written', () => {
  for (const format of ['json', 'pretty']) {
    it(`does not end the process when its reader goes away (${format})`, async () => {
      const child = start(format, 'pipe');
      child.stdout?.once('data', () => child.stdout?.destroy());
      assert.deepEqual(await endOf(child), { status: 0, said: 'went on' });
    });

    it(`does not end the process when the disk is full (${format})`, {
      skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
    }, async () => {
      const full = openSync('/dev/full', 'w');
      const child = start(format, full);
      closeSync(full);
      assert.deepEqual(await endOf(child), { status: 0, said: 'went on' });
    });
  }
});
