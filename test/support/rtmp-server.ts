import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectWhenUp, freePort } from './programs.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

/** nginx with its RTMP module, on 127.0.0.1. */
export class RtmpServer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<RtmpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-rtmp-'));
    const port = await freePort();
    const file = join(folder, 'nginx.conf');
    await writeFile(
      file,
      `load_module ${MODULE}; daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log; events {}
      rtmp { server { listen 127.0.0.1:${port}; application app { live on; } } }`,
    );
    const child = spawn('/usr/sbin/nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
    (await connectWhenUp(port, child)).destroy();
    return new RtmpServer(child, folder, port);
  }

  /** The address of the server and its application. */
  get target(): string {
    return `rtmp://127.0.0.1:${this.port}/app`;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
