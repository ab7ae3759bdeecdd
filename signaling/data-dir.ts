import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CanopyError } from '../base/index.ts';

/** Creates the data folder for its owner alone. @throws CanopyError CONFIG_INVALID */
export function openDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${(error as Error).message}`, { cause: error });
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
