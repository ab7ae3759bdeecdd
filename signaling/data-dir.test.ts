import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDataDir } from './data-dir.ts';

const MODULE = fileURLToPath(new URL('data-dir.ts', import.meta.url));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'canopy-data-dir-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('the data folder', () => {
  it('is made with the folders above it, for its owner alone, and opened again', (t) => {
    const dir = join(folder(t), 'a', 'b');
    openDataDir(dir);
    openDataDir(dir);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  });

  it('is refused with a code where a file is in the way', (t) => {
    const file = join(folder(t), 'file');
    writeFileSync(file, '');
    for (const dir of [file, join(file, 'below')]) {
      assert.throws(() => openDataDir(dir), { code: 'CONFIG_INVALID', detail: /is a file/ });
    }
  });

  it('is refused with a code where the system makes no folders', {
    skip: existsSync('/proc/self') ? false : 'there is no /proc',
  }, async () => {
    // In a process of its own: what spins could not be ended from within.
    const script = `import { openDataDir } from ${JSON.stringify(MODULE)};
      try { openDataDir('/proc/canopy/data'); } catch ({ code, detail }) { console.log(code, detail); }`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', script],
      { timeout: 20_000, killSignal: 'SIGKILL' },
    );
    assert.match(stdout, /^CONFIG_INVALID data\.dir: .*'\/proc\/canopy'; choose a folder that can be made/);
  });
});
