import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { keptSecret, openDataDir, requireDataDir } from './data-dir.ts';

const MODULE = fileURLToPath(new URL('data-dir.ts', import.meta.url));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'canopy-data-dir-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('the data folder', () => {
  it('is created with its parent folders, private to its owner, and can be reopened', (t) => {
    const dir = join(folder(t), 'a', 'b');
    openDataDir(dir);
    openDataDir(dir);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  });

  it('is refused with a coded error if a file is in the way', (t) => {
    const file = join(folder(t), 'file');
    writeFileSync(file, '');
    for (const dir of [file, join(file, 'below')]) {
      assert.throws(() => openDataDir(dir), { code: 'CONFIG_INVALID', detail: /is a file/ });
    }
  });

  it('is refused with a coded error where no folder can be created', {
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
    assert.match(
      stdout,
      /^CONFIG_INVALID data\.dir: .*'\/proc\/canopy'; choose a folder that can be created/,
    );
  });

  const nobody = { uid: 65_534, gid: 65_534 };
  const asRoot = { skip: process.getuid?.() === 0 ? false : 'acting as two users requires root' };

  /** Runs openDataDir() in a process of another user and returns its output. */
  async function openedBy(user: { uid: number; gid: number }, dir: string): Promise<string> {
    // The module is passed as text, because that user may have no access to this folder.
    const script = `const { openDataDir } = await import(${JSON.stringify(MODULE)});
      try { openDataDir(${JSON.stringify(dir)}); console.log('opened'); } catch ({ code, detail }) { console.log(code, detail); }`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', script],
      { ...user },
    );
    return stdout;
  }

  it('may belong to another user, as Kubernetes volumes do, if its group may write', asRoot, async (t) => {
    const outer = folder(t);
    chmodSync(outer, 0o755);
    const dir = join(outer, 'volume');
    mkdirSync(dir);
    chownSync(dir, 0, nobody.gid);
    chmodSync(dir, 0o2770);
    assert.equal(await openedBy(nobody, dir), 'opened\n');
  });

  it('is refused with its owner’s name if this user may not write to it', asRoot, async (t) => {
    const outer = folder(t);
    chmodSync(outer, 0o755);
    const dir = join(outer, 'roots');
    mkdirSync(dir, { mode: 0o755 });
    assert.match(
      await openedBy(nobody, dir),
      /^CONFIG_INVALID data\.dir: .*EACCES; it belongs to user 0, but this process runs as user 65534: run it as that user/,
    );
  });

  it('is refused to commands until a server has run on it, and nothing is created there', (t) => {
    const dir = join(folder(t), 'mistyped');
    assert.throws(() => requireDataDir(dir), {
      code: 'CONFIG_INVALID',
      detail: /^data\.dir \(".*mistyped"\): no server has run on .*--data/,
    });
    assert.ok(!existsSync(dir));
  });
});

describe('a kept secret', () => {
  it('is created once, private to its owner', (t) => {
    const dir = folder(t);
    const made = keptSecret(dir, 'api.key', assert.fail);
    assert.equal(made.length, 43);
    assert.equal(keptSecret(dir, 'api.key', assert.fail), made);
    assert.equal(statSync(join(dir, 'api.key')).mode & 0o777, 0o600);
  });

  it('is recreated, and reported, when a full disk left the file empty', (t) => {
    const dir = folder(t);
    writeFileSync(join(dir, 'ticket.key'), '\n');
    const told: string[] = [];
    const secret = keptSecret(dir, 'ticket.key', (file) => told.push(file));
    assert.deepEqual(told, [join(dir, 'ticket.key')]);
    assert.equal(readFileSync(join(dir, 'ticket.key'), 'utf8').trim(), secret);
    assert.ok(secret.length > 40);
  });

  it('that cannot be read is refused with the file name', (t) => {
    const dir = folder(t);
    mkdirSync(join(dir, 'api.key'));
    assert.throws(() => keptSecret(dir, 'api.key', assert.fail), {
      code: 'CONFIG_INVALID',
      detail: /api\.key: EISDIR/,
    });
  });
});
