import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** Folder for build results, outside the source tree: `canopy` in XDG_CACHE_HOME or ~/.cache. */
export function cacheDir(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'canopy');
}

/**
 * The file that `build` makes, from the cache if it is there. `inputs` is everything that the result depends on. Several processes may call
 * this at once: results appear atomically.
 */
export async function cached(
  kind: string,
  name: string,
  inputs: unknown,
  build: (file: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const folder = path.join(cacheDir(), kind, hash);
  const file = path.join(folder, name);
  try {
    await access(file);
  } catch {
    await mkdir(folder, { recursive: true });
    const partial = `${file}.${randomUUID()}`;
    await build(partial);
    await rename(partial, file);
  }
  return file;
}
