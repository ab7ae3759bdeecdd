import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianRelease } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { hashFiles } from './hash.mjs';
import { cacheFolder, packageFolder, shortHash } from './paths.mjs';

/** What builds the worker where mediasoup's own binary cannot be had. */
export const recipe = fileURLToPath(new URL('mediasoup-worker', import.meta.url));

/** Started by anything but mediasoup, a worker that can run here exits with this status. */
const standaloneStatus = 41;

/** Whether a worker of Canopy's own build is asked for, by mediasoup's own variable: it has mended what the recipe's patches say. */
export function wantsBuiltWorker() {
  return Boolean(process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD);
}

/**
 * A mediasoup worker that runs here, found without any work: the one that MEDIASOUP_WORKER_BIN names, one built
 * earlier, the one in mediasoup's package, one downloaded earlier.
 * @returns {string | undefined}
 */
export function findWorker() {
  const configured = process.env.MEDIASOUP_WORKER_BIN;
  if (configured) {
    if (works(configured)) return configured;
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is ${configured}, which is no mediasoup worker that runs here. Correct the path, or unset the variable and Canopy gets a worker by itself.`,
    );
  }
  const prebuilt = wantsBuiltWorker() ? [] : [packagedWorker(), downloadedWorker()];
  for (const path of [builtWorker(), ...prebuilt]) {
    if (works(path)) return path;
  }
  return undefined;
}

/** mediasoup's package. */
export function mediasoupFolder() {
  const folder = packageFolder('mediasoup');
  if (folder === undefined) throw new SetupError('mediasoup is not installed. Run `npm run setup`.');
  return folder;
}

/** Where mediasoup itself looks for its worker, and its install script puts it. */
export function packagedWorker(mediasoup = mediasoupFolder()) {
  return join(mediasoup, 'worker', 'out', 'Release', 'mediasoup-worker');
}

/** Where the prebuilt worker of this mediasoup is kept for the next installation. */
export function downloadedWorker() {
  const kernel = process.platform === 'linux' ? `-kernel${Number.parseInt(release(), 10)}` : '';
  return join(
    cacheFolder(),
    'mediasoup-worker',
    `${version()}-${process.platform}-${process.arch}${kernel}-prebuilt`,
    'mediasoup-worker',
  );
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
