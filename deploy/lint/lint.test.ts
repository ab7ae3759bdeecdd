import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A file, what it imports, and the fault that Biome must find; none: it must be content. */
const cases: [file: string, code: string, fault?: string][] = [
  ['base/a.ts', "import '../sfu/index.ts';", 'noRestrictedImports'],
  ['sfu/a.ts', "import '../signaling/index.ts';", 'noRestrictedImports'],
  ['base/b.ts', "import '../contract/index.ts';", 'noRestrictedImports'],
  ['sfu/deep/a.ts', "import '../../client/sdk/index.ts';", 'noRestrictedImports'],
  ['sfu/b.ts', "import '../base/index.ts';"],
  ['sfu/c.ts', "import '../base/log.ts';", 'plugin'],
  ['sfu/d.ts', "import '../base/errors/index.ts';"],
  ['sfu/e.ts', "import './deep/index.ts';"],
  ['sfu/f.ts', "import './deep/a.ts';", 'plugin'],
  ['signaling/a.ts', "import '../sip-gateway/index.ts';", 'noRestrictedImports'],
  ['signaling/b.ts', "import '../sfu/index.ts';"],
  ['signaling/c.ts', "export * from '../sfu/worker.ts';", 'plugin'],
  ['signaling/kernel/d.ts', "import '../features/index.ts';", 'noRestrictedImports'],
  ['signaling/kernel/deep/a.ts', "import '../../features/index.ts';", 'noRestrictedImports'],
  ['signaling/features/one/a.ts', "import '../two/index.ts';", 'noRestrictedImports'],
  ['signaling/features/one/b.ts', "import '../../kernel/index.ts';\nimport '../../../contract/index.ts';"],
  ['signaling/features/a.ts', "import './one/index.ts';\nimport './two/contract.ts';"],
  ['signaling/kernel/a.ts', "import '../identity/chain.ts';", 'plugin'],
  ['signaling/kernel/b.ts', "import '../identity/index.ts';"],
  ['signaling/kernel/c.ts', "export const late = () => import('../identity/chain.ts');", 'plugin'],
  ['contract/a.ts', "import '../sfu/index.ts';", 'noRestrictedImports'],
  ['contract/b.ts', "import 'mediasoup';", 'noRestrictedImports'],
  ['contract/c.ts', "import 'zod';\nimport '../base/errors/index.ts';\nimport './a.ts';"],
  ['client/sdk/a.ts', "import '../../signaling/index.ts';", 'noRestrictedImports'],
  ['client/sdk/b.ts', "import '../../base/index.ts';", 'noRestrictedImports'],
  ['client/sdk/c.ts', "import { x } from '../../contract/index.ts';\nconsole.log(x);", 'plugin'],
  ['client/sdk/d.ts', "import type { X } from '../../contract/index.ts';\nexport type Y = X;"],
  ['client/sdk/e.ts', "import '../../contract/light.ts';"],
  ['client/sdk/g.ts', "import '../../contract/x509/index.ts';"],
  ['client/sdk/h.ts', "import '../../contract/x509/der.ts';", 'plugin'],
  ['signaling/rooms/d.ts', "import '../../contract/x509/index.ts';"],
  ['contract/x509/a.ts', "import '../../base/errors/index.ts';\nimport './b.ts';"],
  ['contract/mls/a.ts', "import 'ts-mls/commit.js';\nimport '../x509/index.ts';\nimport './b.ts';"],
  ['contract/d.ts', "import 'ts-mls';", 'noRestrictedImports'],
  ['client/sdk/i.ts', "import '../../contract/mls/index.ts';"],
  ['contract/x509/b.ts', "import 'node:crypto';", 'noRestrictedImports'],
  ['client/sdk/f.ts', "import './identity/chain.ts';", 'plugin'],
  ['client/web/a.ts', "import '../sdk/client.ts';", 'plugin'],
  ['client/web/b.ts', "import '../../contract/light.ts';", 'noRestrictedImports'],
  ['client/web/c.ts', "import '../sdk/index.ts';"],
  ['sip-gateway/a.ts', "import '../sfu/index.ts';", 'noRestrictedImports'],
  ['recorder/a.ts', "import '../sfu/index.ts';", 'noRestrictedImports'],
  ['recorder/b.ts', "import '../sip-gateway/index.ts';", 'noRestrictedImports'],
  ['recorder/c.ts', "import '../client/sdk/index.ts';\nimport '../contract/index.ts';"],
  ['sip-gateway/b.ts', "import '../client/sdk/index.ts';\nimport '../client/node/index.ts';"],
  ['bench/a.ts', "import '../signaling/index.ts';", 'noRestrictedImports'],
  ['bench/b.ts', "import '../contract/index.ts';"],
  ['test/a.test.ts', "import '../bin/index.ts';", 'noRestrictedImports'],
  ['test/calls/a.test.ts', "import '../support/server.ts';"],
  ['bin/a.ts', "import '../test/index.ts';", 'noRestrictedImports'],
  ['sfu/circle-a.ts', "import { b } from './circle-b.ts';\nexport const a = () => b;", 'noImportCycles'],
  ['sfu/circle-b.ts', "import { a } from './circle-a.ts';\nexport const b = () => a;", 'noImportCycles'],
  [
    'sfu/floating.ts',
    'async function work() {}\nexport function start() {\n  work();\n}',
    'noFloatingPromises',
  ],
];

describe("the project's lint rules", () => {
  let folder: string;
  let found: Map<string, string[]>;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-lint-'));
    for (const name of ['biome.json', '.gitignore', 'deploy/lint']) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    rmSync(join(folder, 'deploy/lint/lint.test.ts'));
    for (const [file, code] of cases) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${code}\n`);
    }
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const { stdout } = spawnSync(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    found = new Map();
    for (const { category, location } of JSON.parse(stdout).diagnostics) {
      const file = location.path.replace(/^\.\//, '');
      found.set(file, [...(found.get(file) ?? []), category]);
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [file, code, fault] of cases) {
    const line = code.replaceAll('\n', ' ');
    test(fault === undefined ? `${file} may say: ${line}` : `${file} may not say: ${line}`, () => {
      const faults = (found.get(file) ?? []).map((category) => category.replace(/^lint\/\w+\//, ''));
      assert.deepEqual([...new Set(faults)], fault === undefined ? [] : [fault]);
    });
  }
});
