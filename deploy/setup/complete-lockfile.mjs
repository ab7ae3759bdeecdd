/**
 * Adds to package-lock.json the packages for other systems that npm left out, as `npm run lockfile`. npm records only those optional
 * dependencies that the registry at hand could show it, and `npm ci` then refuses the lockfile wherever a registry shows another
 * selection. What is added has no checksum: npm has seen none.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/**
 * The entries missing from a lockfile, by path.
 * @param {Record<string, any>} packages
 */
export function missingEntries(packages) {
  /** @type {Record<string, object>} */
  const missing = {};
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const known = [`${path}/node_modules/${name}`, `node_modules/${name}`].some(
        (each) => packages[each]?.version,
      );
      if (path !== '' && !known && /^\d/.test(version)) {
        missing[`node_modules/${name}`] = {
          version,
          ...selectors(name),
          ...(dev && { dev }),
          optional: true,
        };
      }
    }
  }
  return missing;
}

/**
 * What a package of a name like `@x/binding-linux-arm-gnueabihf` is for.
 * @param {string} name
 */
function selectors(name) {
  const parts = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => parts.includes(system));
  const cpu = PROCESSORS.filter((processor) => parts.includes(processor)).slice(0, 1);
  if (os.length + cpu.length === 0) {
    throw new Error(`which system is ${name} for?`);
  }
  return { ...(cpu.length > 0 && { cpu }), ...(os.length > 0 && { os }) };
}

if (process.argv[1] === import.meta.filename) {
  const file = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingEntries(lock.packages);
  const entries = Object.entries({ ...lock.packages, ...missing });
  lock.packages = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`added ${Object.keys(missing).length} packages for other systems\n`);
}
