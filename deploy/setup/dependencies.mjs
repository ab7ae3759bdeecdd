import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { root } from './paths.mjs';
import { findProgram, run, tail } from './processes.mjs';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} LockedPackage */

/**
 * Whether node_modules holds what package-lock.json asks for. npm itself notes there what it installed, when it has
 * finished; packages for other systems (all of them optional) are missing from that note.
 */
export function dependenciesAreInstalled(folder = root) {
  const wanted = lockedPackages(join(folder, 'package-lock.json'));
  const installed = lockedPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined)
    throw new SetupError(`${join(folder, 'package-lock.json')} is missing or broken. Restore it from git.`);
  if (installed === undefined) return false;
  for (const [path, locked] of wanted) {
    const found = installed.get(path);
    if (found === undefined ? !(locked.optional || locked.devOptional) : !isSame(found, locked)) return false;
  }
  return [...installed.keys()].every((path) => wanted.has(path));
}

/**
 * @param {string} path
 * @returns {Map<string, LockedPackage> | undefined}
 */
function lockedPackages(path) {
  try {
    const packages = new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')).packages));
    packages.delete(''); // the project itself
    return packages;
  } catch {
    return undefined;
  }
}

/** @param {LockedPackage} a @param {LockedPackage} b */
function isSame(a, b) {
  return a.version === b.version && a.integrity === b.integrity;
}

/** Installs exactly what package-lock.json says, replacing node_modules. */
export async function installDependencies() {
  const { command, args } = npm();
  // No package needs its install script: mediasoup's downloads the worker, which has a step of its own here, and fails the
  // whole installation where it cannot; and npm 9 takes better-sqlite3, which brings its binary along, for one to compile.
  const flags = [
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status, output } = await run(command, [...args, 'ci', ...flags], { cwd: root });
  if (status !== 0) {
    throw new SetupError(
      `npm could not install the dependencies (status ${status}). Check the network and the registry that npm is configured for, then run this again. npm said:\n${tail(output)}`,
    );
  }
}

/**
 * The npm that runs us, on the Node that runs it: not one found in node_modules, which is about to be replaced.
 * @returns {{ command: string, args: string[] }}
 */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script?.endsWith('.js') && node !== undefined && !node.startsWith(join(root, 'node_modules'))) {
    return { command: node, args: [script] };
  }
  const program = findProgram('npm');
  if (program === undefined) throw new SetupError('npm is not on the PATH. Install it together with Node.');
  return { command: program, args: [] };
}
