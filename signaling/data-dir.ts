import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CanopyError } from '../base/index.ts';

/** Creates the data folder for its owner alone. @throws CanopyError CONFIG_INVALID */
export function openDataDir(dir: string): void {
  try {
    makeFolders(resolve(dir));
  } catch (error) {
    const { message } = error as Error;
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${message}; choose a folder that can be made`, {
      cause: error,
    });
  }
}

/** One after the other: where the system makes none in a folder that exists, as in /proc, Node's recursive mkdir tries forever. */
function makeFolders(dir: string): void {
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) throw new Error(`${dir} is a file`);
    return;
  }
  makeFolders(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** A secret that is made once and kept in a file for its owner alone: 32 random bytes, base64url. */
export function keptSecret(dir: string, name: string): string {
  const file = join(dir, name);
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
}
