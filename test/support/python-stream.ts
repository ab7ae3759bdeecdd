import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NewStreamKey } from '../../contract/index.ts';
import { streamProgramsFolder } from '../../deploy/setup/index.mjs';

/** Why FFmpeg's WHIP muxer and aiortc are unavailable here, as the reason for a skipped test; false if they are available. */
export const noStreamPrograms: string | false = existsSync(streamProgramsFolder())
  ? false
  : 'FFmpeg and aiortc are not installed: PyPI has no av or aiortc for this Python';

/** What a viewer has received last. */
export interface Watched {
  video?: { width: number; height: number; yuv: [number, number, number] };
  audio?: { hz: number; dbfs: number };
  state?: string;
}

/** A program of its own that sends into a room by WHIP (FFmpeg), or watches one by WHEP (aiortc). */
export class PythonStream {
  /** What it has reported, the latest of each kind. */
  readonly watched: Watched = {};
  readonly #process: ChildProcess;
  readonly #dir: string;
  #output = '';

  private constructor(child: ChildProcess, dir: string) {
    this.#process = child;
    this.#dir = dir;
    child.stderr?.on('data', (chunk) => {
      this.#output += chunk;
    });
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#output += `${line.slice(0, 300)}\n`;
        if (line.startsWith('{')) {
          Object.assign(this.watched, JSON.parse(line));
        }
      });
    }
  }

  /** Sends red and a tone of 440 Hz. */
  static async publish({ url, secret }: Pick<NewStreamKey, 'url' | 'secret'>): Promise<PythonStream> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-stream-'));
    const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=stream'],
      ],
      { stdio: 'ignore' },
    );
    return PythonStream.#start('whip-publisher.py', dir, [url, secret, certificate, key]);
  }

  static async watch({ url, secret }: Pick<NewStreamKey, 'url' | 'secret'>): Promise<PythonStream> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-stream-'));
    return PythonStream.#start('whep-viewer.py', dir, [url, secret]);
  }

  static #start(program: string, dir: string, args: string[]): PythonStream {
    const path = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn('python3', [path, ...args], {
      env: { ...process.env, PYTHONPATH: streamProgramsFolder() },
    });
    return new PythonStream(child, dir);
  }

  /** Everything that it has written. */
  get output(): string {
    return this.#output;
  }

  /** Ends it as it wants to be ended. */
  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}
