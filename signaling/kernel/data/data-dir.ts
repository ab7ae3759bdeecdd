import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CanopyError, type Config, describeFileError, writeWhole } from '../../../base/index.ts';

/** Creates the data folder, private to its owner, or checks the existing one. @throws {CanopyError} CONFIG_INVALID */
export function openDataDir(dir: string): void {
  try {
    createFolders(resolve(dir));
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
    // The folder belongs to another user, as with Kubernetes volumes. The files in it are private all the same.
  }
  checkDataDir(dir);
}

/** Checks that the folder exists and that this process can use it. @throws {CanopyError} CONFIG_INVALID */
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
 * For commands that need a server's data folder: refuses one where no server has run, instead of creating a new CA and database there.
 *
 * @param storeUrl the setting `store.url`; if set, the database is not in the folder
 * @throws {CanopyError} CONFIG_INVALID - no server has run on the folder, or it is not accessible
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

/** A warning about a database in the data folder that `store.url` leaves unused. */
export function unusedDatabase({ data: { dir }, store: { url } }: Config): string | undefined {
  const file = join(dir, 'canopy.sqlite');
  return url !== undefined && existsSync(file)
    ? `${file} is not used, as store.url is set. To keep its people and settings, run canopy migrate before the first start; otherwise remove it`
    : undefined;
}

/** Creates one folder at a time: Node's recursive mkdir never returns in a folder where none can be created, such as /proc. */
function createFolders(dir: string): void {
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) {
      throw new Error(`${dir} is a file`);
    }
    return;
  }
  createFolders(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

/**
 * A secret that is generated once (32 random bytes, base64url) and kept in a file that only its owner can read. An empty file, left by a
 * full disk, is replaced, and `onRecreated` is called.
 *
 * @throws {CanopyError} CONFIG_INVALID - the file cannot be read or written
 */
export function keptSecret(dir: string, name: string, onRecreated: (file: string) => void): string {
  const file = join(dir, name);
  try {
    const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
    if (kept) {
      return kept;
    }
    const secret = randomBytes(32).toString('base64url');
    writeWhole(file, `${secret}\n`);
    if (kept !== undefined) {
      onRecreated(file);
    }
    return secret;
  } catch (cause) {
    throw new CanopyError('CONFIG_INVALID', `data.dir: ${describeFileError(file, cause)}`, { cause });
  }
}
