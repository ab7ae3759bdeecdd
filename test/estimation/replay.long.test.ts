// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mediasoupFolder, recipe } from '../../deploy/setup/index.mjs';
import { FIELD_TRIALS } from '../../sfu/index.ts';

const run = promisify(execFile);
const build = fileURLToPath(new URL('build.sh', import.meta.url));
const calls = Array.from({ length: 150 }, (_, index) => `${index + 1}`);
const missing = await run('sh', [
  '-c',
  'command -v flatc && command -v c++ && pkg-config --exists absl_strings',
]).then(
  () => false as const,
  () => 'the compiler or the libraries that build the worker are missing',
);

/** Copies mediasoup's sources of the worker and applies the recipe's patches, or only those that `chosen` accepts. */
async function sources(folder: string, chosen: (patch: string) => boolean): Promise<string> {
  await cp(join(mediasoupFolder(), 'worker'), folder, { recursive: true });
  const patches = (await readdir(recipe)).filter((name) => name.endsWith('.patch') && chosen(name));
  for (const patch of patches.sort()) {
    await run('sh', ['-c', 'patch -s -d "$1" -p1 <"$2"', 'sh', folder, join(recipe, patch)]);
  }
  return folder;
}

async function program(worker: string, output: string, ...flags: string[]): Promise<string> {
  await run(build, [worker, output, ...flags]);
  return output;
}

async function decisions(replay: string): Promise<string[]> {
  const { stdout } = await run(replay, [FIELD_TRIALS, ...calls], { maxBuffer: 256 * 1024 * 1024 });
  return stdout.split('\n');
}

describe('the bandwidth estimation of the patched worker', { skip: missing, timeout: 1_200_000 }, () => {
  let folder: string;
  let patched: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-estimation-'));
    patched = await sources(join(folder, 'patched'), () => true);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('estimates and probes in simulated calls as that of mediasoup does', async () => {
    const own = await sources(join(folder, 'own'), (patch) => !/^(estimation|clock)/.test(patch));
    const expected = await decisions(await program(own, join(folder, 'own-replay')));
    const actual = await decisions(await program(patched, join(folder, 'patched-replay')));
    assert.ok(expected.filter((line) => line.includes(' estimate ')).length > 10_000);
    assert.ok(expected.filter((line) => line.includes(' probe ')).length > 1_000);
    const differing = actual.findIndex((line, index) => line !== expected[index]);
    assert.equal(differing, -1, `line ${differing}: ${actual[differing]} instead of ${expected[differing]}`);
    assert.equal(actual.length, expected.length);
  });

  it('reads and writes only its own memory, whatever feedback says', async () => {
    // GCC tests the address of a thread-local variable by the flags of an addition that the linker turns into one without flags;
    // the address sanitizer notices null pointers too.
    const unreliable = '-fno-sanitize=null,vptr';
    const flags = ['-fsanitize=address,undefined', unreliable, '-fno-sanitize-recover=all', '-g1'];
    await decisions(await program(patched, join(folder, 'checked-replay'), ...flags));
  });
});
