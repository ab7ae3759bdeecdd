import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { connectWhenUp, freePort } from './programs.ts';

const PROGRAMS = '/usr/lib/postgresql';

/** Debian's account for PostgreSQL, which refuses to run as root. */
const ACCOUNT = 'postgres';

/** A PostgreSQL server on a free loopback port, with its data in a temporary folder. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess;
  #databases = 0;

  private constructor(port: number, folder: string, process: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#process = process;
  }

  /** Why it cannot run here; undefined if it can. */
  static get missing(): string | undefined {
    try {
      programs();
      return undefined;
    } catch {
      return "takes Debian's package postgresql";
    }
  }

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'canopy-postgres-'));
    const user = await ids();
    if (user) {
      chownSync(folder, user.uid, user.gid);
    }
    await promisify(execFile)(
      join(programs(), 'initdb'),
      ['-D', join(folder, 'data'), '-U', 'canopy', '-A', 'trust', '--encoding=UTF8', '--no-sync'],
      { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } },
    );
    const port = await freePort();
    return new PostgresServer(port, folder, await launch(folder, port));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Creates an empty database. Returns its URL. */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `canopy_${this.#databases}`;
    const client = new pg.Client(this.#url('postgres'));
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return this.#url(name);
  }

  /** Demands a password of everyone from now on; nobody has one. */
  async demandPasswords(): Promise<void> {
    const rules = join(this.#folder, 'data', 'pg_hba.conf');
    writeFileSync(rules, 'host all all all scram-sha-256\n');
    process.kill(this.pid, 'SIGHUP');
  }

  /** Ends it and all its processes at once, as a crash does. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it; its clients are disconnected. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** Restarts it after crash() or stop(), with the same port and data. */
  async restart(): Promise<void> {
    this.#process = await launch(this.#folder, this.port);
  }

  /** Freezes all its processes: connections stay open, but nothing answers. */
  async freeze(): Promise<void> {
    for (const pid of await this.#pids()) {
      process.kill(pid, 'SIGSTOP');
    }
  }

  async thaw(): Promise<void> {
    for (const pid of await this.#pids()) {
      process.kill(pid, 'SIGCONT');
    }
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await this.#end('SIGQUIT');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #url(database: string): string {
    return `postgres://canopy@127.0.0.1:${this.port}/${database}`;
  }

  async #pids(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(this.pid)]).catch(
      () => ({ stdout: '' }),
    );
    return [this.pid, ...stdout.split('\n').filter(Boolean).map(Number)];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(this.#process, 'exit');
    const pids = signal === 'SIGKILL' ? await this.#pids() : [this.pid];
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has already ended.
      }
    }
    await exited;
  }
}

/** Folder with the newest version's programs. */
function programs(): string {
  const newest = readdirSync(PROGRAMS)
    .map(Number)
    .sort((a, b) => b - a)[0];
  return join(PROGRAMS, String(newest), 'bin');
}

async function ids(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await promisify(execFile)('id', [flag, ACCOUNT])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

async function launch(folder: string, port: number): Promise<ChildProcess> {
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'max_connections=50',
    'shared_buffers=16MB',
  ];
  const child = spawn(
    join(programs(), 'postgres'),
    ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...(await ids()), cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } },
  );
  (await connectWhenUp(port, child)).destroy();
  // While it recovers from a crash, it listens but rejects clients.
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client(`postgres://canopy@127.0.0.1:${port}/postgres`);
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return child;
    } catch (error) {
      // A minute: recovery is slow on a machine that is busy with other tests.
      if (attempt === 1200 || child.exitCode !== null) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
