/** Builds k6 from its Go module unless it is in the cache, and prints its path: `node bench/k6/build.ts`. */
import { GoBuildFailed, goProgram } from '../go-program.ts';

export const K6_VERSION = '1.8.1';

/** Path of the cached k6, built on first use: two to three minutes on two cores. @throws {GoBuildFailed} e.g. without Go */
export function ensureK6(write: (line: string) => void): Promise<string> {
  return goProgram({ name: 'k6', module: 'go.k6.io/k6', binary: 'k6', version: K6_VERSION }, write);
}

if (import.meta.main) {
  const write = (line: string) => process.stdout.write(`${line}\n`);
  try {
    write(await ensureK6(write));
  } catch (error) {
    if (!(error instanceof GoBuildFailed)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
