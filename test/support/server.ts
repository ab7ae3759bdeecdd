import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CANOPY = fileURLToPath(new URL('../../bin/canopy.ts', import.meta.url));
/** Time limit for starting, in milliseconds: far more than it needs. */
const START_MS = 60_000;

export interface ServerOptions {
  /** Run the phone gateway, with `--sip-port` and the like in `flags`. Default false. */
  phones?: boolean;
  /** Additional flags of `canopy serve`. */
  flags?: string[];
  env?: Record<string, string>;
  /** Data folder of an earlier server; it is not removed. Default: a temporary one. */
  dataDir?: string;
}

export type Metrics = Map<string, number>;

/** A real Canopy server in its own process, on free ports, with a temporary data folder. */
export class TestServer {
  /** Its address, bypassing any proxy. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Invitation for the first person, from the server's output. */
  readonly firstInvitation: string;
  readonly #process: ChildProcess;
  readonly #output: string[];
  readonly #ownsDataDir: boolean;
  #closed: Promise<void> | undefined;

  private constructor(
    process: ChildProcess,
    output: string[],
    {
      dataDir,
      ownsDataDir,
      port,
      firstInvitation,
    }: {
      dataDir: string;
      ownsDataDir: boolean;
      port: number;
      firstInvitation: string;
    },
  ) {
    this.#process = process;
    this.#output = output;
    this.dataDir = dataDir;
    this.#ownsDataDir = ownsDataDir;
    this.port = port;
    this.url = `http://localhost:${port}`;
    this.firstInvitation = firstInvitation;
  }

  static async start({
    flags = [],
    env = {},
    phones = false,
    ...given
  }: ServerOptions = {}): Promise<TestServer> {
    const dataDir = given.dataDir ?? mkdtempSync(join(tmpdir(), 'canopy-test-'));
    const ownsDataDir = given.dataDir === undefined;
    const args = [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--rtc-port',
      '0',
      '--announce',
      '127.0.0.1',
      ...(phones ? [] : ['--no-sip']),
    ];
    const child = spawn(
      process.execPath,
      [CANOPY, ...args, '--data', dataDir, '--log-level', 'info', ...flags],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, CANOPY_SERVER_DRAIN_SECONDS: '0.5', ...env },
      },
    );
    const output: string[] = [];
    const ready = new Promise<{ port: number; firstInvitation: string }>((resolve, reject) => {
      let port = 0;
      createInterface({ input: child.stdout }).on('line', (line) => {
        output.push(line);
        port = Number(/"port":(\d+)/.exec(line)?.[1] ?? port);
        const firstInvitation = /^\s+(https?:\S+#\/invite\/\S+)/.exec(line)?.[1];
        // A server that already has accounts prints no invitation.
        if (firstInvitation !== undefined || (!ownsDataDir && port > 0)) {
          resolve({ port, firstInvitation: firstInvitation ?? '' });
        }
      });
      createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output.join('\n')}`)));
      setTimeout(
        () => reject(new Error(`the server did not start:\n${output.join('\n')}`)),
        START_MS,
      ).unref();
    });
    return new TestServer(child, output, { dataDir, ownsDataDir, ...(await ready) });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Whether the process is still running. */
  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Its output so far. */
  get log(): string {
    return this.#output.join('\n');
  }

  /** Calls the REST API with the key from the data folder. Rejects if it answers with an error. */
  async api<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: this.authorization,
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    }
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Creates a one-time invitation link over the REST API, with the key from the data folder. */
  async invite(options: { role?: string; roomId?: string; displayName?: string } = {}): Promise<string> {
    const body = (await this.api('POST', '/api/invites', options)) as { url: string };
    return body.url;
  }

  /** The current metrics: value by name with labels, e.g. `canopy_objects{kind="rooms"}`. */
  async metrics(): Promise<Metrics> {
    const text = await (
      await fetch(`${this.url}/metrics`, { headers: { authorization: this.authorization } })
    ).text();
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }

  /** Live objects by kind, from the metrics. */
  async objects(): Promise<Record<string, number>> {
    const entries = [...(await this.metrics())].flatMap(([name, value]) => {
      const kind = /^canopy_objects\{kind="(\w+)"\}$/.exec(name)?.[1];
      return kind === undefined ? [] : [[kind, value] as const];
    });
    return Object.fromEntries(entries);
  }

  async workerPids(): Promise<number[]> {
    return [...(await this.metrics())]
      .filter(([name]) => name.startsWith('canopy_worker_pid{'))
      .map(([, pid]) => pid);
  }

  /** The header with which the operator uses the REST API: the key from the data folder. */
  get authorization(): string {
    return `Bearer ${readFileSync(join(this.dataDir, 'api.key'), 'utf8').trim()}`;
  }

  /** Kills it, like a crash. Keeps its data folder. */
  async crash(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  /** Stops it as an operator would (SIGTERM). Returns its exit status. */
  async terminate(): Promise<number | null> {
    if (this.alive) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await exited;
    }
    return this.#process.exitCode;
  }

  /** Stops it as an operator would (SIGTERM) and removes its folder. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.terminate();
    if (this.#ownsDataDir) {
      rmSync(this.dataDir, { recursive: true, force: true });
    }
  }
}
