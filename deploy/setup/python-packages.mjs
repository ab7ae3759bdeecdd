import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './paths.mjs';
import { run } from './processes.mjs';
import { say, step } from './progress.mjs';

/** Python packages that tests use, each with its dependencies: a folder, and the file with their versions and checksums. */
const PJSUA = { name: 'pjsua2-2.15.1.post1', title: 'PJSIP', requirements: 'pjsua-requirements.txt' };
const STREAMS = {
  name: 'streams-av18.1.0-aiortc1.16.0',
  title: 'FFmpeg and aiortc',
  requirements: 'stream-requirements.txt',
};

/** Folder of PJSIP's Python package, a second phone, whether or not it exists. */
export function pjsuaFolder() {
  return folderOf(PJSUA);
}

/** Folder of the Python packages that send and watch streams, whether or not it exists. */
export function streamProgramsFolder() {
  return folderOf(STREAMS);
}

/** Installs the Python packages that tests use. If some are unavailable, those tests are skipped with a message. */
export async function ensurePythonPackages() {
  // One after another: pip uses one cache.
  for (const packages of [PJSUA, STREAMS]) {
    await ensure(packages);
  }
}

/**
 * Packages are built for one version of Python.
 *
 * @param {{ name: string }} packages
 */
function folderOf({ name }) {
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2], sep=".")'], {
    encoding: 'utf8',
  });
  return join(cacheFolder(), `${name}-python${stdout?.trim()}`);
}

/** @param {{ name: string, title: string, requirements: string }} packages */
async function ensure(packages) {
  const { title, requirements } = packages;
  const folder = folderOf(packages);
  if (existsSync(folder)) {
    return;
  }
  await step(`installing ${title} for the tests`, async () => {
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const { status, output } = await run('python3', [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'],
      ...['--no-deps', '--only-binary=:all:', '--require-hashes'],
      ...['--requirement', fileURLToPath(new URL(requirements, import.meta.url)), '--target', part],
    ]);
    if (status === 0) {
      await rename(part, folder);
    } else {
      say(`${title} could not be installed; its tests are skipped: ${output.trim().split('\n').at(-1)}`);
    }
  });
}
