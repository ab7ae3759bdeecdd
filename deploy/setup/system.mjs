import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { debianRelease } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { findProgram, run, tail } from './processes.mjs';
import { systemPackages } from './system-packages.mjs';

/** @typedef {import('./system-packages.mjs').SystemPackage} SystemPackage */
/** @typedef {import('./system-packages.mjs').Purpose} Purpose */

/**
 * What is needed for these purposes and missing here.
 * @param {Purpose[]} purposes
 * @returns {Promise<SystemPackage[]>}
 */
export async function missingPackages(purposes) {
  const needed = systemPackages.filter((entry) => entry.for.some((purpose) => purposes.includes(purpose)));
  const unknown = needed.filter((entry) => entry.programs === undefined).map((entry) => entry.debian);
  const installed = unknown.length > 0 ? await installedPackages(unknown) : new Set();
  return needed.filter((entry) =>
    entry.programs ? programOf(entry) === undefined : !installed.has(entry.debian),
  );
}

/**
 * The path of the program that a system package stands for.
 * @param {SystemPackage} entry
 * @returns {string | undefined}
 */
function programOf(entry) {
  const named = entry.variable && process.env[entry.variable];
  if (named) {
    return existsSync(named) ? named : undefined;
  }
  return entry.programs?.map(findProgram).find((path) => path !== undefined);
}

/** The variables that tell tests which programs were found. @returns {Record<string, string>} */
export function programVariables() {
  /** @type {Record<string, string>} */
  const variables = {};
  for (const entry of systemPackages) {
    const path = programOf(entry);
    if (entry.variable !== undefined && path !== undefined) {
      variables[entry.variable] = path;
    }
  }
  return variables;
}

/** @param {string[]} names */
async function installedPackages(names) {
  // Elsewhere libraries have other names; builds that need them report missing ones.
  if (debianRelease() === undefined) {
    return new Set(names);
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills these in itself
  const format = '${db:Status-Status} ${Package}\n';
  // Status 1 says that it does not know one of them, which is an answer too.
  const { output } = await run('dpkg-query', ['-W', '-f', format, ...names]);
  return new Set(
    output
      .split('\n')
      .flatMap((line) => (line.startsWith('installed ') ? [line.slice('installed '.length)] : [])),
  );
}

/**
 * Whether this process may install them.
 */
export function mayInstall() {
  return debianRelease() !== undefined && process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

/** @param {SystemPackage[]} missing */
export async function installPackages(missing) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const names = missing.map((entry) => entry.debian);
  const update = await run('apt-get', ['update', '-qq'], { env });
  /** @param {string[]} packages */
  const aptInstall = (packages) =>
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages], { env });
  if (names.includes('postgresql')) {
    await aptInstall(['postgresql-common']);
    withoutMainCluster();
  }
  const install = await aptInstall(names);
  if (install.status !== 0) {
    throw new SetupError(
      `apt-get could not install ${names.join(' ')}. Install them manually, then run this again. apt-get said:\n${tail(update.output + install.output)}`,
    );
  }
}

/** Debian would start a database server with the package; the tests start their own. */
function withoutMainCluster() {
  const file = '/etc/postgresql-common/createcluster.conf';
  if (existsSync(file) && !/^create_main_cluster/m.test(readFileSync(file, 'utf8'))) {
    appendFileSync(file, 'create_main_cluster = false\n');
  }
}

/**
 * The error for someone who has to install them manually.
 * @param {SystemPackage[]} missing
 */
export function missingError(missing) {
  const names = missing.map((entry) => entry.debian);
  const reasons = [...new Set(missing.map((entry) => entry.why))].map((why) => {
    const which = missing.filter((entry) => entry.why === why).map((entry) => entry.debian);
    return `  ${why}: ${which.join(' ')}`;
  });
  const how =
    debianRelease() === undefined
      ? "Install these programs with your system's package manager (the names are Debian's):"
      : `Run \`${process.getuid?.() === 0 ? '' : 'sudo '}apt-get update && ${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install --no-install-recommends ${names.join(' ')}\`, then run this again. They are for:`;
  return new SetupError(
    `Some packages are missing that Canopy cannot install here. ${how}\n${reasons.join('\n')}`,
  );
}
