import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

describe("the SDK's npm package", () => {
  let folder: string;
  let manifest: Manifest;

  // A project with the package and its dependencies installed.
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-sdk-'));
    const packed = run(process.execPath, [join(root, 'deploy', 'package', 'sdk.mjs')], folder).trim();
    const installed = join(folder, 'node_modules', 'canopy-sdk');
    mkdirSync(installed, { recursive: true });
    run('tar', ['-xzf', packed, '-C', installed, '--strip-components=1'], folder);
    manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link);
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('depends on what the SDK imports, and on nothing of the server', () => {
    assert.deepEqual(Object.keys(manifest.dependencies), [
      '@hpke/core',
      '@peculiar/x509',
      'hpke',
      'mediasoup-client',
      'reflect-metadata',
      'socket.io-client',
      'ts-mls',
      'zod',
    ]);
    assert.deepEqual(Object.keys(manifest.peerDependencies), ['node-datachannel']);
  });

  test('gives the SDK to a program on Node', () => {
    const program = "import * as sdk from 'canopy-sdk'; console.log(typeof sdk.connect, typeof sdk.enrol);";
    assert.equal(
      run(process.execPath, ['--input-type=module', '-e', program], folder).trim(),
      'function function',
    );
  });

  test('contains the media encryption worker under the name that the SDK loads', () => {
    const media = join(folder, 'node_modules', 'canopy-sdk', 'client', 'sdk', 'encryption', 'media');
    const starter = readFileSync(join(media, 'worker-ciphers.js'), 'utf8');
    const [, name] = /new Worker\(new URL\('([^']+)'/.exec(starter) ?? [];
    assert.ok(name && existsSync(join(media, name)), name);
  });

  test('gives WebRTC for Node to a program on Node', () => {
    const program =
      "import { createHandlerFactory } from 'canopy-sdk/node'; console.log(typeof createHandlerFactory);";
    assert.equal(run(process.execPath, ['--input-type=module', '-e', program], folder).trim(), 'function');
  });

  test('gives the wire contract to a program on Node', () => {
    const program =
      "import { PROTOCOL_VERSION } from 'canopy-sdk/protocol'; console.log(typeof PROTOCOL_VERSION);";
    assert.match(
      run(process.execPath, ['--input-type=module', '-e', program], folder).trim(),
      /^(number|string)$/,
    );
  });

  test("gives the SDK's types to a strict TypeScript program", () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      lib: ['es2024', 'dom', 'dom.iterable'],
      types: [],
      strict: true,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    writeFileSync(
      join(folder, 'program.ts'),
      "import { connect, type ConnectOptions } from 'canopy-sdk';\nexport const call = (options: ConnectOptions) => connect(options);\n// @ts-expect-error: the declarations are no any\nconnect(1);\n",
    );
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], folder);
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
