import { readFile } from 'node:fs/promises';
import { cached, runPipeline } from '../clips/index.ts';

/** Compiles a C program in this folder, once. @throws {Error} there is no C compiler */
export async function cProgram(name: 'send-floor' | 'delay-tap'): Promise<string> {
  const source = new URL(`${name}.c`, import.meta.url);
  const code = await readFile(source, 'utf8');
  return cached('programs', name, { code }, async (file) => {
    await runPipeline([['cc', '-O2', '-pthread', '-o', file, source.pathname]]);
  });
}
