import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './paths.mjs';
import { run } from './processes.mjs';
import { say, step } from './progress.mjs';

/** Version and checksums of the package. */
const REQUIREMENTS = fileURLToPath(new URL('pjsua-requirements.txt', import.meta.url));
const VERSION = '2.15.1.post1';

/** Folder of PJSIP's Python package for the tests, whether or not it exists. The package is built for one version of Python. */
export function pjsuaFolder() {
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2], sep=".")'], {
    encoding: 'utf8',
  });
  return join(cacheFolder(), `pjsua2-${VERSION}-python${stdout?.trim()}`);
}

/** Installs PJSIP's Python package, which the tests use as a second phone. If it is unavailable, those tests are skipped with a message. */
export async function ensurePjsua() {
  const folder = pjsuaFolder();
  if (existsSync(folder)) {
    return;
  }
  await step('installing PJSIP for the tests', async () => {
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const { status, output } = await run('python3', [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'],
      ...[
        '--no-deps',
        '--only-binary=:all:',
        '--require-hashes',
        '--requirement',
        REQUIREMENTS,
        '--target',
        part,
      ],
    ]);
    if (status === 0) {
      await rename(part, folder);
    } else {
      say(`PJSIP could not be installed; its tests are skipped: ${output.trim().split('\n').at(-1)}`);
    }
  });
}
