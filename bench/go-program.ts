import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { cacheDir } from './clips/index.ts';

/** The build runs at low priority, nice(1)'s default. */
const NICENESS = 10;

/** A program could not be built from its Go module; the message says why. */
export class GoBuildFailed extends Error {}

export interface GoProgram {
  /** In the cache and in messages. */
  name: string;
  /** Import path of its main package. */
  module: string;
  /** What `go install` calls it. */
  binary: string;
  version: string;
}

/** Path of a program in the cache, built from its Go module on first use: some minutes. @throws {GoBuildFailed} e.g. without Go */
export async function goProgram(program: GoProgram, write: (line: string) => void): Promise<string> {
  const { name, module, binary, version } = program;
  const folder = path.join(cacheDir(), name, version);
  const file = path.join(folder, name);
  const found = await access(file).then(
    () => true,
    () => false,
  );
  if (found) {
    return file;
  }
  write(`building ${name} ${version} from its Go module; this takes some minutes, once`);
  await mkdir(folder, { recursive: true });
  // Concurrent builds do not conflict: results appear atomically.
  const partial = await mkdtemp(path.join(folder, 'partial-'));
  try {
    await goInstall(`${module}@v${version}`, `${name} ${version}`, partial);
    await rename(path.join(partial, binary), file);
    return file;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function goInstall(module: string, called: string, gobin: string): Promise<void> {
  const go = spawn('go', ['install', module], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GOBIN: gobin },
  });
  // Later children of `go`, the compilers, inherit it.
  if (go.pid !== undefined) {
    os.setPriority(go.pid, NICENESS);
  }
  const ended = once(go, 'close').catch((cause: unknown) => {
    throw new GoBuildFailed(`${called} is built by Go, which is not installed (https://go.dev/dl)`, {
      cause,
    });
  });
  const [messages, [code]] = await Promise.all([text(go.stderr), ended]);
  if (code !== 0) {
    const last = messages.trimEnd().split('\n').slice(-5).join('\n');
    throw new GoBuildFailed(`Go could not build ${called}:\n${last}`);
  }
}
