// Builds the native codecs: `node sip-gateway/codecs/build.mjs`. Plain JavaScript without dependencies, since the set-up runs it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('native/', import.meta.url));
const FILE_NAME = 'canopy-codecs.node';

/** pkg-config names, and the Debian packages that bring their headers. */
const LIBRARIES = { opus: 'libopus-dev', spandsp: 'libspandsp-dev', speexdsp: 'libspeexdsp-dev' };
const FLAGS = ['-std=c11', '-O2', '-shared', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra'];

const run = (command, args) => spawnSync(command, args, { encoding: 'utf8' });

/** Versions of the libraries that are installed with headers, and what to install for those that are not. */
function inspect() {
  const versions = {};
  const missing = [];
  if (run('cc', ['--version']).status !== 0) missing.push('gcc', 'libc6-dev');
  if (run('pkg-config', ['--version']).status !== 0) missing.push('pkg-config');
  for (const [name, debianPackage] of Object.entries(LIBRARIES)) {
    const answer = run('pkg-config', ['--modversion', name]);
    if (answer.status === 0) versions[name] = answer.stdout.trim();
    else missing.push(debianPackage);
  }
  return { versions, missing };
}

function cachedPath(versions) {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).sort()) hash.update(name).update(readFileSync(join(SOURCES, name)));
  hash.update(JSON.stringify([process.platform, process.arch, versions, FLAGS]));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'canopy', 'codecs', hash.digest('hex').slice(0, 16), FILE_NAME);
}

/**
 * Where the built add-on for these sources and libraries lies, or null when it is not built. `CANOPY_CODECS` names a file
 * directly, for installations without compiler and headers.
 */
export function locate() {
  if (process.env.CANOPY_CODECS)
    return existsSync(process.env.CANOPY_CODECS) ? process.env.CANOPY_CODECS : null;
  const { versions, missing } = inspect();
  if (missing.length > 0) return null;
  const path = cachedPath(versions);
  return existsSync(path) ? path : null;
}

/**
 * Builds the add-on into the user's cache, unless it is there. Takes about a second.
 * @returns {{ path: string, built: boolean } | { path: null, missing: string[], message: string }}
 */
export function build({ extraFlags = [], output } = {}) {
  const { versions, missing } = inspect();
  if (missing.length > 0) {
    const message = `The native codecs (G.722, fast Opus) need headers that are missing here. Install them with:\n  sudo apt-get install -y ${missing.join(' ')}`;
    return { path: null, missing, message };
  }
  const path = output ?? cachedPath(versions);
  if (!output && existsSync(path)) return { path, built: false };
  const folder = join(path, '..');
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'build-'));
  try {
    const sources = readdirSync(SOURCES)
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(SOURCES, name));
    const [compile, link] = ['--cflags', '--libs'].map((kind) =>
      run('pkg-config', [kind, ...Object.keys(LIBRARIES)])
        .stdout.trim()
        .split(/\s+/)
        .filter(Boolean),
    );
    const made = join(work, FILE_NAME);
    const args = [
      ...FLAGS,
      ...extraFlags,
      `-I${createRequire(import.meta.url)('node-api-headers').include_dir}`,
      ...compile,
      ...sources,
      ...link,
      '-lm',
      '-o',
      made,
    ];
    const result = run('cc', args);
    if (result.status !== 0) {
      const message = `The native codecs did not compile:\n${result.stderr || result.error?.message}`;
      return { path: null, missing: [], message };
    }
    renameSync(made, path);
    return { path, built: true };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = build();
  if (result.path) console.log(`${result.built ? 'Built' : 'Found'} ${result.path}`);
  else {
    console.error(result.message);
    process.exitCode = 1;
  }
}
