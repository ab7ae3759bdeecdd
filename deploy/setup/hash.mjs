import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * A hash of files: their names and contents.
 * @param {string[]} paths files and folders
 * @param {(name: string) => boolean} [skip] leaves out the entries with these names
 */
export function hashFiles(paths, skip = () => false) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    hash.update(basename(path)).update('\0');
    if (statSync(path).isFile()) {
      hash.update(readFileSync(path)).update('\0');
      return;
    }
    for (const name of readdirSync(path).sort()) {
      if (!skip(name)) {
        add(join(path, name));
      }
    }
    hash.update('\0');
  };
  for (const path of paths) {
    add(path);
  }
  return hash.digest('hex');
}
