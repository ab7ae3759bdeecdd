import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dependenciesAreInstalled, installDependencies } from './dependencies.mjs';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { findNode } from './node.mjs';
import { cacheFolder, root, shortHash } from './paths.mjs';
import { ensurePhoneParts } from './phone-parts.mjs';
import { say, step } from './progress.mjs';
import { ensurePythonPackages } from './python-packages.mjs';
import { installPackages, mayInstall, missingError, missingPackages } from './system.mjs';
import { buildBundle, bundleIsBuilt } from './web-bundle.mjs';
import { findWorker } from './worker.mjs';
import { buildWorker } from './worker-build.mjs';

/** @typedef {import('./system-packages.mjs').Purpose} Purpose */
/** @typedef {import('./system-packages.mjs').SystemPackage} SystemPackage */
/** @typedef {Exclude<Purpose, 'worker-build'>} SetupPurpose */

/**
 * Brings everything that `purpose` needs into place. What is there already costs milliseconds.
 * @param {SetupPurpose} purpose
 * @returns {Promise<{ node: string, worker: string }>} the Node to run Canopy with and the mediasoup worker to give it
 */
export async function setUp(purpose) {
  await ensure(dependenciesAreInstalled, () =>
    step('installing the dependencies from npm', installDependencies),
  );
  const node = findNode();
  await ensurePackages(purpose);
  // The worker takes longest, so everything else is built in parallel.
  const [worker] = await Promise.all([
    ensureWorkerBuilt(),
    ensureBundle(node).then(ensurePhoneParts),
    purpose === 'test' || purpose === 'test-long' ? ensurePythonPackages() : undefined,
  ]);
  return { node, worker };
}

/** @param {string} node */
export async function ensureBundle(node) {
  // Missing while a container's dependencies are installed, which is a separate step.
  if (!existsSync(join(root, 'client', 'web'))) {
    return;
  }
  await ensure(bundleIsBuilt, () => step('building the web app', () => buildBundle(node)));
}

/**
 * Ensures the worker, and the system packages the purpose needs.
 * @param {SetupPurpose} purpose
 */
export async function ensureWorker(purpose) {
  await ensurePackages(purpose);
  return await ensureWorkerBuilt();
}

async function ensureWorkerBuilt() {
  return (
    findWorker() ??
    (await exclusively(
      'worker',
      async () => findWorker() ?? (await step('building the mediasoup worker', buildWorker)),
    ))
  );
}

/**
 * Building the worker needs packages too: report all missing ones at once to anyone who must install them by hand.
 * @param {SetupPurpose} purpose
 */
async function ensurePackages(purpose) {
  /** @type {Purpose[]} */
  const purposes = [purpose];
  if (purpose === 'test-long') {
    purposes.push('test');
  }
  if (findWorker() === undefined) {
    purposes.push('worker-build');
  }
  const { required, optional } = await missingFor(purposes);
  if (required.length > 0) {
    if (!mayInstall()) {
      throw missingError([...required, ...optional]);
    }
    await installTogether(async () => (await missingFor(purposes)).required);
  }
  if (optional.length > 0) {
    await tryOptional(purposes, optional);
  }
}

/** @param {Purpose[]} purposes */
async function missingFor(purposes) {
  const missing = await missingPackages(purposes);
  const required = missing.filter((entry) =>
    entry.for.some((purpose) => purposes.includes(purpose) && !entry.optionalFor?.includes(purpose)),
  );
  return { required, optional: missing.filter((entry) => !required.includes(entry)) };
}

/** @param {() => Promise<SystemPackage[]>} stillMissing */
async function installTogether(stillMissing) {
  await exclusively('packages', async () => {
    const missing = await stillMissing();
    if (missing.length === 0) {
      return;
    }
    await step(`installing Debian's ${missing.map((entry) => entry.debian).join(' ')}`, () =>
      installPackages(missing),
    );
  });
}

/** How long to wait before retrying after a failure: without a network, failing takes a while. */
const retryAfterMs = 86_400_000;

/**
 * Installs optional packages. If that fails, the start continues, and the parts that miss them say so.
 * @param {Purpose[]} purposes
 * @param {SystemPackage[]} optional
 */
async function tryOptional(purposes, optional) {
  if (!mayInstall()) {
    return;
  }
  const names = optional.map((entry) => entry.debian);
  const failed = join(cacheFolder(), 'not-installed', shortHash(...names));
  if (existsSync(failed) && Date.now() - statSync(failed).mtimeMs < retryAfterMs) {
    return;
  }
  try {
    await installTogether(async () => (await missingFor(purposes)).optional);
  } catch (error) {
    if (!(error instanceof SetupError)) {
      throw error;
    }
    say(error.message);
    mkdirSync(dirname(failed), { recursive: true });
    writeFileSync(failed, `${names.join('\n')}\n`);
  }
}

/**
 * Does `work` unless it is done, and only one process at a time.
 * @param {() => boolean} isDone
 * @param {() => Promise<void>} work
 */
async function ensure(isDone, work) {
  if (isDone()) {
    return;
  }
  await exclusively('tree', async () => {
    if (!isDone()) {
      await work();
    }
  });
}

/**
 * @template T
 * @param {'tree' | 'worker' | 'packages'} thing the tree is this checkout's own, the others the user's
 * @param {() => Promise<T>} work
 */
function exclusively(thing, work) {
  return withLock(join(cacheFolder(), 'locks', thing === 'tree' ? `tree-${shortHash(root)}` : thing), work);
}
