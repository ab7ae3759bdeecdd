import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { hashFiles } from './hash.mjs';
import { root } from './paths.mjs';
import { run, tail } from './processes.mjs';

const app = join(root, 'client', 'web');
/** Beside the dependencies, because new ones make a new bundle too. */
const stamp = join(root, 'node_modules', '.cache', 'canopy', 'web-bundle');

/** Everything that can change the bundle. */
const sources = ['client', 'contract', 'base', 'package-lock.json', 'tsconfig.json'];

/** Whether the web app's bundle is there and newer than its sources. */
export function bundleIsBuilt() {
  return (
    existsSync(join(app, 'dist', 'index.html')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === sourcesHash()
  );
}

/** @param {string} node */
export async function buildBundle(node) {
  const hash = sourcesHash();
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status, output } = await run(node, [vite, 'build', app], { cwd: root });
  if (status !== 0) {
    throw new SetupError(`The web app could not be built:\n${tail(output)}`);
  }
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, hash);
}

function sourcesHash() {
  return hashFiles(
    sources.map((path) => join(root, path)),
    (name) => name === 'dist' || name === 'node_modules' || name.endsWith('.test.ts'),
  );
}
