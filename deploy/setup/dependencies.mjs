import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { hashFiles } from './hash.mjs';
import { npm } from './npm.mjs';
import { root } from './paths.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, os?: string[],
 *   cpu?: string[], libc?: string[] }} LockedPackage
 */

/**
 * Whether node_modules contains what package-lock.json lists. npm itself notes there what it installed, when it has
 * finished. Optional packages are missing from that note where they are for other systems; others that are missing were
 * left out by a Node that was too old for them, unless we installed and could not have them either.
 */
export function dependenciesAreInstalled(folder = root) {
  const wanted = lockedPackages(join(folder, 'package-lock.json'));
  const installed = lockedPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined) {
    throw new SetupError(`${join(folder, 'package-lock.json')} is missing or broken. Restore it from git.`);
  }
  if (installed === undefined) {
    return false;
  }
  let complete = true;
  for (const [path, locked] of wanted) {
    const found = installed.get(path);
    if (found === undefined && !locked.optional && !locked.devOptional) {
      return false;
    }
    if (found === undefined && isForThisSystem(locked)) {
      complete = false;
    }
    if (found !== undefined && !isSame(found, locked)) {
      return false;
    }
  }
  return [...installed.keys()].every((path) => wanted.has(path)) && (complete || isOurs(folder));
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

/** @param {LockedPackage} locked */
function isForThisSystem({ os, cpu, libc }) {
  return (
    (os?.includes(process.platform) ?? false) &&
    (cpu?.includes(process.arch) ?? true) &&
    (libc?.includes('glibc') ?? true)
  );
}

/** Where we note which lock file we installed ourselves. @param {string} folder */
function note(folder) {
  return join(folder, 'node_modules', '.cache', 'canopy', 'dependencies');
}

/** @param {string} folder */
function lockHash(folder) {
  return hashFiles([join(folder, 'package-lock.json')]);
}

/** @param {string} folder */
function isOurs(folder) {
  try {
    return readFileSync(note(folder), 'utf8') === lockHash(folder);
  } catch {
    return false;
  }
}

/** Installs exactly what package-lock.json says, replacing node_modules. */
export async function installDependencies() {
  // No package needs its install script, which npm() leaves out: mediasoup's downloads the worker, which has a step of its
  // own here, and fails the whole installation where it cannot; and npm 9 takes better-sqlite3, which brings its binary
  // along, for one to compile.
  await npm(['ci', '--include=dev', '--include=optional']);
  await mkdir(dirname(note(root)), { recursive: true });
  await writeFile(note(root), lockHash(root));
}
