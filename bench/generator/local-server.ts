import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** `.js` in the npm package. */
const EXTENSION = path.extname(import.meta.url);
const CANOPY = fileURLToPath(new URL(`../../bin/canopy${EXTENSION}`, import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** A server to measure: its address, and the API key for invitations. */
export interface ServerUnderTest {
  url: string;
  apiKey: string;
  /** Absent if the server runs elsewhere. */
  close?(): Promise<void>;
}

/**
 * Starts `canopy serve` on loopback, on free ports, with a temporary data folder. `settings` are environment variables, and `wrap` may put
 * another program before the command.
 */
export async function startLocalServer(
  flags: readonly string[] = [],
  settings: Record<string, string> = {},
  wrap: (command: [string, ...string[]]) => [string, ...string[]] = (command) => command,
): Promise<ServerUnderTest> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'canopy-bench-'));
  const [program, ...args] = wrap([
    process.execPath,
    ...[CANOPY, 'serve', '--host', '127.0.0.1', '--port', '0', '--rtc-port', '0', '--announce', '127.0.0.1'],
    ...['--data', dataDir, ...flags],
  ]);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CANOPY_SERVER_DRAIN_SECONDS: '1', ...settings },
  });
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const url = await readyUrl(child);
    const apiKey = (await readFile(path.join(dataDir, 'api.key'), 'utf8')).trim();
    return { url, apiKey, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) {
      continue;
    }
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      const url = /ready at (\S+)/.exec(line)?.[1];
      if (url) {
        resolve(url);
      }
    });
  }
  child.once('exit', (code) => reject(new Error(`the server exited with ${code}:\n${output.join('\n')}`)));
  const timer = setTimeout(
    () => reject(new Error(`the server did not start:\n${output.join('\n')}`)),
    START_TIMEOUT_MS,
  );
  return promise.finally(() => clearTimeout(timer));
}
