import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './processes.mjs';
import { downloadedWorker, mediasoupFolder, packagedWorker, works } from './worker.mjs';

/** mediasoup's own attempts last 42 s where its host does not answer, so we ask once first. */
const reachableWithinMs = 5_000;
const downloadWithinMs = 300_000;

/**
 * Has mediasoup download the worker that its authors built for this system.
 * @param {string} node the Node to run mediasoup's script with
 * @returns {Promise<string | undefined>} undefined: there is none, or its host is out of reach
 */
export async function downloadWorker(node) {
  if (!(await isOnOffer())) return undefined;
  const { MEDIASOUP_WORKER_BIN, MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD, ...env } = process.env;
  // PYTHON=false ends mediasoup's script where it would go on to a build of its own, which downloads much more.
  await run(node, ['npm-scripts.mjs', 'postinstall'], {
    cwd: mediasoupFolder(),
    env: { ...env, PYTHON: 'false' },
    timeoutMs: downloadWithinMs,
  });
  if (!works(packagedWorker())) return undefined;
  const kept = downloadedWorker();
  await mkdir(dirname(kept), { recursive: true });
  await copyFile(packagedWorker(), `${kept}.part`);
  await rename(`${kept}.part`, kept);
  return kept;
}

/** Asks for the same address as mediasoup's npm-scripts.mjs. */
async function isOnOffer() {
  const { version, repository } = JSON.parse(await readFile(join(mediasoupFolder(), 'package.json'), 'utf8'));
  const base =
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL ||
    `${repository.url.replace(/^git\+/, '').replace(/\.git$/, '')}/releases/download`;
  const kernel = platform() === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  const url = `${base}/${version}/mediasoup-worker-${version}-${platform()}-${arch()}${kernel}.tgz`;
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(reachableWithinMs) })).ok;
  } catch {
    return false;
  }
}
