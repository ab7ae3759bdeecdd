// Builds a Node-API add-on in C. Plain JavaScript without dependencies, since the setup runs it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Sources shared by all add-ons: binding.c. */
const SHARED = fileURLToPath(new URL('.', import.meta.url));
const FLAGS = [
  '-std=c11',
  '-O2',
  '-shared',
  '-fPIC',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-D_FORTIFY_SOURCE=2',
  '-fstack-protector-strong',
  '-Wl,-z,relro,-z,now',
];

const run = (command, args, input = '') => spawnSync(command, args, { encoding: 'utf8', input });

export class Addon {
  #name;
  #title;
  #sources;
  #libraries;
  #optional;
  #variable;

  /**
   * @param {object} options
   * @param {string} options.name name of its folder in the cache; the file is `canopy-NAME.node`
   * @param {string} options.title name for messages
   * @param {URL} options.sources folder of its C files
   * @param {Record<string, string>} [options.libraries] Debian package with the headers, by pkg-config name
   * @param {Record<string, { debian: string, headers: string[], flags: string[] }>} [options.optional] what is left out without its headers, by
   *   name: the Debian packages with the headers, and the compiler flags to include it
   */
  constructor({ name, title, sources, libraries = {}, optional = {} }) {
    this.#name = name;
    this.#title = title;
    this.#sources = fileURLToPath(sources);
    this.#libraries = libraries;
    this.#optional = optional;
    this.#variable = `CANOPY_${name.toUpperCase()}`;
  }

  /**
   * File of the built add-on for these sources and libraries, or null if it is not built. The variable `CANOPY_NAME` overrides it, for
   * installations without compiler and headers.
   */
  locate() {
    const named = process.env[this.#variable];
    if (named) {
      return existsSync(named) ? named : null;
    }
    const { versions, missing, present } = this.#inspect();
    if (missing.length > 0) {
      return null;
    }
    const path = this.#cachedPath(versions, present);
    return existsSync(path) ? path : null;
  }

  /** Builds the add-on into the user's cache, unless it is already there. Takes about a second. */
  build({ extraFlags = [], output } = {}) {
    const { versions, missing, present } = this.#inspect();
    if (missing.length > 0) {
      const message = `${this.#title} cannot be built: packages are missing. Install them with:\n  sudo apt-get install -y ${missing.join(' ')}`;
      return { path: null, missing, message };
    }
    const path = output ?? this.#cachedPath(versions, present);
    if (!output && existsSync(path)) {
      return { path, built: false };
    }
    const folder = join(path, '..');
    mkdirSync(folder, { recursive: true });
    const work = mkdtempSync(join(folder, 'build-'));
    try {
      const built = join(work, this.#fileName);
      const args = [
        ...FLAGS,
        `-I${createRequire(import.meta.url)('node-api-headers').include_dir}`,
        `-I${SHARED}`,
        ...this.#packageFlags('--cflags'),
        ...this.#files('.c'),
        ...this.#packageFlags('--libs'),
        ...present.flatMap((name) => this.#optional[name].flags),
        ...extraFlags,
        '-lm',
        '-pthread',
        '-o',
        built,
      ];
      const result = run('cc', args);
      if (result.status !== 0) {
        const message = `${this.#title} did not compile:\n${result.stderr || result.error?.message}`;
        return { path: null, missing: [], message };
      }
      renameSync(built, path);
      return { path, built: true };
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  /** Builds the add-on and prints the result; sets the exit code on failure. */
  report() {
    const result = this.build();
    if (result.path) {
      console.log(`${result.built ? 'Built' : 'Found'} ${result.path}`);
    } else {
      console.error(result.message);
      process.exitCode = 1;
    }
  }

  get #fileName() {
    return `canopy-${this.#name}.node`;
  }

  /** Versions of the installed libraries, Debian packages that are missing, and which optional parts are possible. */
  #inspect() {
    const versions = {};
    const missing = [];
    const libraries = Object.entries(this.#libraries);
    const optional = Object.entries(this.#optional);
    const probe = optional
      .map(
        ([, { headers }], i) =>
          `#if ${headers.map((header) => `__has_include(<${header}>)`).join(' && ')}\nhas_${i}\n#endif\n`,
      )
      .join('');
    const compiler = run('cc', ['-E', '-P', '-'], probe);
    if (compiler.status !== 0) {
      missing.push('gcc', 'libc6-dev');
    }
    const present = optional
      .filter((_, i) => new RegExp(`^has_${i}$`, 'm').test(compiler.stdout ?? ''))
      .map(([name]) => name);
    if (libraries.length > 0 && run('pkg-config', ['--version']).status !== 0) {
      missing.push('pkg-config');
    }
    for (const [name, debianPackage] of libraries) {
      const answer = run('pkg-config', ['--modversion', name]);
      if (answer.status === 0) {
        versions[name] = answer.stdout.trim();
      } else {
        missing.push(debianPackage);
      }
    }
    return { versions, missing, present };
  }

  #packageFlags(kind) {
    const names = Object.keys(this.#libraries);
    if (names.length === 0) {
      return [];
    }
    return run('pkg-config', [kind, ...names])
      .stdout.trim()
      .split(/\s+/)
      .filter(Boolean);
  }

  #files(...endings) {
    return [this.#sources, SHARED].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => endings.some((ending) => name.endsWith(ending)))
        .sort()
        .map((name) => join(folder, name)),
    );
  }

  #cachedPath(versions, present) {
    const hash = createHash('sha256');
    for (const file of this.#files('.c', '.h')) {
      hash.update(file.slice(file.lastIndexOf('/'))).update(readFileSync(file));
    }
    hash.update(JSON.stringify([process.platform, process.arch, versions, FLAGS, ...present]));
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
    return join(cache, 'canopy', this.#name, hash.digest('hex').slice(0, 16), this.#fileName);
  }
}
