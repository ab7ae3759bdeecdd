/** Builds k6 from its Go module unless it is in the cache, and prints its path: `node bench/k6/build.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { cacheDir } from '../clips/index.ts';

export const K6_VERSION = '1.8.1';
/** The build runs at low priority, nice(1)'s default. */
const NICENESS = 10;

/** k6 is not installed and cannot be built. */
export class K6Unavailable extends Error {}

/** Path of the cached k6, if it has been built. */
async function locate(): Promise<string | undefined> {
  const file = path.join(folder(), 'k6');
  return access(file).then(
    () => file,
    () => undefined,
  );
}

/** Path of the cached k6, built on first use: two to three minutes on two cores. Throws K6Unavailable, e.g. without Go. */
export async function ensureK6(write: (line: string) => void): Promise<string> {
  const found = await locate();
  if (found !== undefined) {
    return found;
  }
  write(`building k6 ${K6_VERSION} from its Go module; this takes some minutes, once`);
  await mkdir(folder(), { recursive: true });
  // Concurrent builds do not conflict: results appear atomically.
  const partial = await mkdtemp(path.join(folder(), 'partial-'));
  try {
    await goInstall(`go.k6.io/k6@v${K6_VERSION}`, partial);
    const file = path.join(folder(), 'k6');
    await rename(path.join(partial, 'k6'), file);
    return file;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function folder(): string {
  return path.join(cacheDir(), 'k6', K6_VERSION);
}

async function goInstall(module: string, gobin: string): Promise<void> {
  const go = spawn('go', ['install', module], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GOBIN: gobin },
  });
  // Later children of `go`, the compilers, inherit it.
  if (go.pid !== undefined) {
    os.setPriority(go.pid, NICENESS);
  }
  const ended = once(go, 'close').catch((cause: unknown) => {
    throw new K6Unavailable('k6 is built by Go, which is not installed (https://go.dev/dl)', { cause });
  });
  const [messages, [code]] = await Promise.all([text(go.stderr), ended]);
  if (code !== 0) {
    const last = messages.trimEnd().split('\n').slice(-5).join('\n');
    throw new K6Unavailable(`Go could not build k6 ${K6_VERSION}:\n${last}`);
  }
}

if (import.meta.main) {
  const write = (line: string) => process.stdout.write(`${line}\n`);
  try {
    write(await ensureK6(write));
  } catch (error) {
    if (!(error instanceof K6Unavailable)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
