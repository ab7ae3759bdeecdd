import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the npm package', () => {
  let folder: string;
  let files: string[];

  // A project that has installed the package: with its run-time dependencies, and without those of development.
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-pack-'));
    const [packed] = JSON.parse(
      run('npm', ['pack', '--json', '--loglevel=error', `--pack-destination=${folder}`], root),
    );
    files = packed.files.map((file: { path: string }) => file.path);
    const installed = join(folder, 'node_modules', 'canopy');
    mkdirSync(installed, { recursive: true });
    run('tar', ['-xzf', packed.filename, '-C', installed, '--strip-components=1'], folder);
    for (const name of Object.keys(manifest.dependencies)) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link);
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('holds compiled code, and neither sources nor tests', () => {
    for (const name of [
      'dist/bin/canopy.js',
      'dist/bin/gateway-process.js',
      'dist/bin/captioner-process.js',
      'dist/bin/recorder-process.js',
      'bin/canopy.js',
      'LICENSE',
    ]) {
      assert.ok(files.includes(name), name);
    }
    const unwanted = files.filter((name) => /\.test\.|^(base|sfu|signaling|client|bench|test)\//.test(name));
    assert.deepEqual(unwanted, []);
    assert.deepEqual(
      files.filter((name) => /(?<!\.d)\.ts$/.test(name)),
      [],
    );
  });

  test('brings the canopy command', () => {
    const command = join(folder, 'node_modules', 'canopy', 'bin', 'canopy.js');
    assert.equal(run(process.execPath, [command, '--version'], folder).trim(), manifest.version);
  });

  test('brings the load generator: its scenarios, its process of load peers and the sources of its encoders', () => {
    const command = join(folder, 'node_modules', 'canopy', 'bin', 'canopy.js');
    assert.match(run(process.execPath, [command, 'bench'], folder), /^room-25 /m);
    for (const name of [
      'generator/peer-process.js',
      'k6/scripts/join-storm.js',
      'clips/encode-video.c',
      'clips/encode-opus.c',
    ]) {
      assert.ok(files.includes(`dist/bench/${name}`), name);
    }
  });
});

function run(program: string, args: string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} failed:\n${stdout}${stderr}`);
  }
}
