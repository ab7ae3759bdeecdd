import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CanopyError, type Config, describeFileError } from '../../../base/index.ts';

/** Creates the data folder for its owner alone, or uses the existing one. @throws {CanopyError} CONFIG_INVALID */
export function openDataDir(dir: string): void {
  try {
    makeFolders(resolve(dir));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EROFS' ? describeFileError(resolve(dir), error) : message;
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${why}; choose a folder that can be created`, {
      cause: error,
    });
  }
  try {
    chmodSync(dir, 0o700);
  } catch {
    // Another owner's volume that this user may write to, as Kubernetes creates them. The files in it are private to their owner.
  }
  checkDataDir(dir);
}

/** Checks that the folder exists and this process may work in it. @throws {CanopyError} CONFIG_INVALID */
export function checkDataDir(dir: string): void {
  try {
    if (!statSync(dir).isDirectory()) {
      throw new Error(`${dir} is a file`);
    }
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === undefined
        ? (error as Error).message
        : describeFileError(resolve(dir), error);
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${why}`, { cause: error });
  }
}

/**
 * For commands that need a server's data folder: refuses one where no server has run, instead of making another CA and database.
 *
 * @param storeUrl the setting `store.url`: with it, there is no database in the folder
 * @throws {CanopyError} CONFIG_INVALID
 */
export function requireDataDir(dir: string, storeUrl?: string): void {
  // After a move to PostgreSQL, openStore() says what to do.
  const hasStore =
    storeUrl !== undefined || ['', '.moved'].some((end) => existsSync(join(dir, `canopy.sqlite${end}`)));
  const hasCa = existsSync(join(dir, 'ca.pem'));
  if (hasCa && !hasStore) {
    checkDataDir(dir);
    throw new CanopyError(
      'CONFIG_INVALID',
      `data.dir: ${resolve(dir)} has no canopy.sqlite; if its database is in PostgreSQL, set store.url (CANOPY_STORE_URL)`,
    );
  }
  if (!hasCa) {
    // Report an inaccessible folder as such.
    if (existsSync(dir)) {
      checkDataDir(dir);
    }
    throw new CanopyError(
      'CONFIG_INVALID',
      `data.dir (${JSON.stringify(dir)}): no server has run on ${resolve(dir)}; name its folder with --data`,
    );
  }
  checkDataDir(dir);
}

/** With `store.url`: what to know of a database that is in the data folder all the same. */
export function unusedDatabase({ data: { dir }, store: { url } }: Config): string | undefined {
  const file = join(dir, 'canopy.sqlite');
  return url !== undefined && existsSync(file)
    ? `${file} is not used, as store.url is set. To keep its people and settings, run canopy migrate before the first start; otherwise remove it`
    : undefined;
}

/** One after the other: where the system makes none in a folder that exists, as in /proc, Node's recursive mkdir tries forever. */
function makeFolders(dir: string): void {
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) {
      throw new Error(`${dir} is a file`);
    }
    return;
  }
  makeFolders(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

/**
 * A secret that is generated once (32 random bytes, base64url) and kept in a file for its owner alone. An empty file, left by a full disk,
 * is replaced and `onRemade` called.
 *
 * @throws {CanopyError} CONFIG_INVALID - the file cannot be read or written
 */
export function keptSecret(dir: string, name: string, onRemade: (file: string) => void): string {
  const file = join(dir, name);
  try {
    const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
    if (kept) {
      return kept;
    }
    const secret = randomBytes(32).toString('base64url');
    writeWhole(file, `${secret}\n`);
    if (kept !== undefined) {
      onRemade(file);
    }
    return secret;
  } catch (cause) {
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${describeFileError(file, cause)}`, { cause });
  }
}

/** Writes a file for its owner alone, atomically. */
export function writeWhole(file: string, contents: string | Uint8Array): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    // Unlike writeSync(), it goes on after a partial write, as happens on a nearly full disk.
    writeFileSync(descriptor, contents);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
