import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder, root, run } from '../../deploy/setup/index.mjs';

/** The last release's tag. Undefined if there is none, or no git. */
export async function lastTag(): Promise<string | undefined> {
  const { status, output } = await run('git', ['-C', root, 'describe', '--tags', '--abbrev=0']);
  return status === 0 ? output.trim() : undefined;
}

/** The media worker of a git revision, built on first use and cached by the revision's recipe and mediasoup. */
export async function workerOf(revision: string): Promise<string> {
  const hash = await git('rev-parse', `${revision}:deploy/setup/mediasoup-worker`);
  const manifest = JSON.parse(await git('show', `${revision}:package.json`));
  const version: string = manifest.dependencies.mediasoup;
  const worker = join(
    cacheFolder(),
    'mediasoup-worker',
    `${version}-${process.arch}-${hash}`,
    'mediasoup-worker',
  );
  if (existsSync(worker)) {
    return worker;
  }
  const folder = await mkdtemp(join(tmpdir(), 'canopy-release-worker-'));
  try {
    await succeed('git', [
      '-C',
      root,
      'archive',
      '--output',
      join(folder, 'recipe.tar'),
      revision,
      'deploy/setup/mediasoup-worker',
    ]);
    await succeed('tar', ['-C', folder, '-xf', join(folder, 'recipe.tar')]);
    await mkdir(dirname(worker), { recursive: true });
    const recipe = join(folder, 'deploy/setup/mediasoup-worker/build.sh');
    await succeed('bash', [recipe, await mediasoup(version, folder), worker]);
    return worker;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The folder of a version of mediasoup's package. */
async function mediasoup(version: string, folder: string): Promise<string> {
  const installed = join(root, 'node_modules/mediasoup');
  if (JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).version === version) {
    return installed;
  }
  await succeed('npm', ['pack', '--pack-destination', folder, `mediasoup@${version}`]);
  await succeed('tar', ['-C', folder, '-xf', join(folder, `mediasoup-${version}.tgz`)]);
  return join(folder, 'package');
}

async function git(...args: string[]): Promise<string> {
  return (await succeed('git', ['-C', root, ...args])).trim();
}

async function succeed(program: string, args: string[]): Promise<string> {
  const { status, output } = await run(program, args);
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with status ${status}: ${output}`);
  }
  return output;
}
