import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiles NAME.c of this folder into a temporary folder, which the caller removes. @throws {Error} there is no C compiler */
export async function buildProgram(
  name: string,
  flags: readonly string[] = [],
): Promise<{ program: string; folder: string }> {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), `canopy-${name}-`));
  const program = join(folder, name);
  const built = spawnSync('cc', ['-O2', '-pthread', '-o', program, source, ...flags], { encoding: 'utf8' });
  if (built.status !== 0) {
    throw new Error(`${name}.c did not compile: ${built.stderr || built.error?.message}`);
  }
  return { program, folder };
}
