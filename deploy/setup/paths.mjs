import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with package.json: of the checkout, or of the installed package. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where things that outlive a checkout are kept: `$XDG_CACHE_HOME/canopy`, by default `~/.cache/canopy`. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'canopy');
}

/** Where Node keeps the code that it has compiled; gone with the dependencies. */
export const compileCacheFolder = join(root, 'node_modules', '.cache', 'canopy', 'compiled');

/** @param {import('node:crypto').BinaryLike[]} parts */
export function shortHash(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The folder of an installed package, in this folder's node_modules or in one above (where Canopy is itself a dependency).
 * @param {string} name
 * @returns {string | undefined}
 */
export function packageFolder(name) {
  const searched = createRequire(join(root, 'package.json')).resolve.paths(name) ?? [];
  return searched
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
}
