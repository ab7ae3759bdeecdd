import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianRelease } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { hashFiles } from './hash.mjs';
import { cacheFolder, packageFolder, shortHash } from './paths.mjs';

/** What builds the worker: a script, patches, and subprojects that link Debian's libraries. */
export const recipe = fileURLToPath(new URL('mediasoup-worker', import.meta.url));

/** Started by anything but mediasoup, a worker that can run here exits with this status. */
const standaloneStatus = 41;

/**
 * Finds a mediasoup worker that runs here without building one: the one named by MEDIASOUP_WORKER_BIN, or an earlier build. The binary
 * published by mediasoup's authors lacks the recipe's patches and comes with no checksum, so it is not used.
 * @returns {string | undefined}
 */
export function findWorker() {
  const configured = process.env.MEDIASOUP_WORKER_BIN;
  if (configured) {
    if (works(configured)) {
      return configured;
    }
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is ${configured}, which is not a mediasoup worker that can run here. Correct the path, or unset the variable and Canopy builds a worker.`,
    );
  }
  return works(builtWorker()) ? builtWorker() : undefined;
}

/** mediasoup's package. */
export function mediasoupFolder() {
  const folder = packageFolder('mediasoup');
  if (folder === undefined) {
    throw new SetupError('mediasoup is not installed. Run `npm run setup`.');
  }
  return folder;
}

/** Where a built worker is kept: it is good for one mediasoup, one state of the recipe, one release of the system. */
export function builtWorker() {
  const state = shortHash(debianRelease() ?? process.platform, hashFiles([recipe]));
  return join(
    cacheFolder(),
    'mediasoup-worker',
    `${version()}-${process.arch}-${state}-built`,
    'mediasoup-worker',
  );
}

function version() {
  return /** @type {string} */ (
    JSON.parse(readFileSync(join(mediasoupFolder(), 'package.json'), 'utf8')).version
  );
}

/**
 * Whether this is a worker that can run here.
 * @param {string} path
 */
export function works(path) {
  return spawnSync(path, [], { env: {}, stdio: 'ignore', timeout: 5_000 }).status === standaloneStatus;
}
