import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from './errors.mjs';
import { say } from './progress.mjs';

/** The owner touches its lock this often; one untouched for `staleAfterMs` belongs to nobody. */
const heartbeatMs = 2_000;
const staleAfterMs = 30_000;
const pollMs = 250;

/**
 * Runs `work` while no other process does so under the same `path`: a folder, because making one is atomic everywhere.
 * A lock whose owner died is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  await acquire(path);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { recursive: true, force: true });
  }
}

/** @param {string} path */
async function acquire(path) {
  await mkdir(dirname(path), { recursive: true }).catch((error) => {
    throw unwritable(path, error);
  });
  for (let waited = false; ; waited = true) {
    try {
      await mkdir(path);
      await writeFile(join(path, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') {
        throw unwritable(path, error);
      }
    }
    if (await isStale(path)) {
      // Renaming first: of two that find the lock stale, one gets it out of the way and the other starts over.
      const aside = `${path}.stale-${process.pid}`;
      await rename(path, aside).catch(() => {});
      await rm(aside, { recursive: true, force: true });
      continue;
    }
    if (!waited) {
      say('waiting for another set-up that is running');
    }
    await delay(pollMs);
  }
}

/**
 * @param {string} path
 * @param {unknown} error
 */
function unwritable(path, error) {
  const { code } = /** @type {NodeJS.ErrnoException} */ (error);
  return new SetupError(
    `The folder ${dirname(path)} is not writable (${code}). Make it writable for this user, or set XDG_CACHE_HOME to another cache folder.`,
  );
}

/** @param {string} path */
async function isStale(path) {
  try {
    if (Date.now() - (await stat(path)).mtimeMs > staleAfterMs) {
      return true;
    }
    const pid = Number(await readFile(join(path, 'pid'), 'utf8'));
    return pid > 0 && !isAlive(pid);
  } catch {
    return false; // given back, or not yet signed, in this moment
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
