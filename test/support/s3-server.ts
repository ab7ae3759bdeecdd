import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { GoBuildFailed, goProgram } from '../../bench/index.ts';
import { connectWhenUp, freePort } from './programs.ts';
import { selfSigned } from './self-signed.ts';

const VERSION = '1.8.0';
const BUCKET = 'meetings';
/** Where uploads that are not finished are kept. */
const UPLOADS = '.sgwtmp/multipart';

/** Path of versitygw, built on first use. @throws {GoBuildFailed} e.g. without Go */
function versitygw(): Promise<string> {
  const module = 'github.com/versity/versitygw/cmd/versitygw';
  return goProgram({ name: 'versitygw', module, binary: 'versitygw', version: VERSION }, () => {});
}

/** Why tests that need it are skipped; false if it is there. */
export async function missingS3Server(): Promise<string | false> {
  try {
    await versitygw();
    return false;
  } catch (error) {
    if (error instanceof GoBuildFailed) {
      return error.message;
    }
    throw error;
  }
}

/** A real S3 server, versitygw, with one bucket in a folder. It can be stopped and started again on the same port. */
export class S3Server {
  readonly accessKey = 'canopy';
  readonly secret = 'a secret/with+signs=';
  readonly port: number;
  /** For `recording.s3Url`, without a prefix. */
  readonly url: string;
  /** File with the certificate, if it serves HTTPS. */
  readonly caFile: string | undefined;
  readonly #program: string;
  readonly #dir: string;
  #process: ChildProcess | undefined;

  private constructor(program: string, dir: string, port: number, isSecure: boolean) {
    this.#program = program;
    this.#dir = dir;
    this.port = port;
    this.url = `http${isSecure ? 's' : ''}://127.0.0.1:${port}/${BUCKET}`;
    this.caFile = isSecure ? join(dir, 'cert.pem') : undefined;
    mkdirSync(this.#root, { recursive: true });
    mkdirSync(join(dir, 'about'));
  }

  static async start({ isSecure = false } = {}): Promise<S3Server> {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-s3-'));
    const server = new S3Server(await versitygw(), dir, await freePort(), isSecure);
    if (isSecure) {
      const { cert, key } = await selfSigned();
      writeFileSync(join(dir, 'cert.pem'), cert);
      writeFileSync(join(dir, 'key.pem'), key);
    }
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const tls = this.caFile === undefined ? [] : ['--cert', this.caFile, '--key', join(this.#dir, 'key.pem')];
    const args = ['--port', `127.0.0.1:${this.port}`, '--access', this.accessKey, '--secret', this.secret];
    const backend = ['posix', '--sidecar', join(this.#dir, 'about'), join(this.#dir, 'buckets')];
    this.#process = spawn(this.#program, [...args, ...tls, '--keep-alive', '--quiet', ...backend], {
      stdio: 'ignore',
    });
    (await connectWhenUp(this.port, this.#process)).destroy();
  }

  /** Ends it in the middle of whatever it does. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process && process.exitCode === null && process.signalCode === null) {
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      await exited;
    }
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Settings with which a server uses it, as flags of TestKernel. */
  settings(prefix = ''): Record<string, unknown> {
    return {
      'recording.s3Url': `${this.url}${prefix}`,
      'recording.s3AccessKey': this.accessKey,
      'recording.s3Secret': this.secret,
      'recording.s3UploadMbps': 0,
      ...(this.caFile !== undefined && { 'recording.s3CaFile': this.caFile }),
    };
  }

  /** Settings as environment of a TestServer. */
  get env(): Record<string, string> {
    return {
      CANOPY_RECORDING_S3_URL: this.url,
      CANOPY_RECORDING_S3_ACCESS_KEY: this.accessKey,
      CANOPY_RECORDING_S3_SECRET: this.secret,
      CANOPY_RECORDING_S3_UPLOAD_MBPS: '0',
    };
  }

  /** Names of the objects, sorted. */
  keys(): string[] {
    return filesIn(this.#root)
      .map((path) => relative(this.#root, path))
      .filter((path) => !path.startsWith('.sgwtmp'))
      .sort();
  }

  /** The file with an object. */
  path(key: string): string {
    return join(this.#root, key);
  }

  /** What is stored under a name. */
  read(key: string): Buffer {
    return readFileSync(this.path(key));
  }

  /** Changes an object behind the server's back. */
  write(key: string, bytes: Buffer): void {
    writeFileSync(this.path(key), bytes);
  }

  remove(key: string): void {
    rmSync(this.path(key));
  }

  /** Files with parts of uploads that are not finished. */
  parts(): string[] {
    return filesIn(join(this.#root, UPLOADS));
  }

  get #root(): string {
    return join(this.#dir, 'buckets', BUCKET);
  }
}

function filesIn(dir: string): string[] {
  try {
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  } catch {
    return [];
  }
}
