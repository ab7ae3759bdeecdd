import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CanopyError } from '../../base/index.ts';

/** Where the composed picture and sound go: an RTMP server and a key there, or a folder for HLS. */
type LiveOutput = { rtmp: string; key: string } | { hls: string };

export interface Composition {
  width: number;
  height: number;
  framesPerSecond: number;
  videoKbps: number;
  audioKbps: number;
  /** Threads of the encoder. */
  threads: number;
  output: LiveOutput;
}

export interface InputStream {
  codec: 'opus' | 'vp8' | 'vp9' | 'h264';
  clockRate: number;
  payloadType: number;
}

/** Where a video stream is shown, in pixels. */
export interface PlacedTile {
  number: number;
  xpos: number;
  ypos: number;
  width: number;
  height: number;
  name: string;
}

interface CompositorEvents {
  /** The output takes what it is sent. */
  flowing: [];
  /** The decoder of a stream needs a key frame. */
  keyFrame: [number: number];
  /** A stream cannot be decoded; the others go on. */
  inputFailed: [number: number, reason: string];
  /** It has ended: why, unless stop() was called. */
  ended: [reason: string];
}

type Message = { event: string; number?: number; reason?: string; parts?: string[] };

/** Debian's, because GStreamer's bindings belong to it. */
const PYTHON = '/usr/bin/python3';
const PROGRAM = fileURLToPath(new URL('./compositor.py', import.meta.url));
/** Below the priority of everything in the conference. */
const NICENESS = 15;
/** Packets that may wait for the process, in bytes; more are dropped. */
const MAX_WAITING = 4 * 1024 * 1024;
/** How long the process may take to end, in milliseconds. */
const STOP_MS = 4_000;

/** GStreamer in a process of its own (compositor.py), at low priority. */
export class Compositor extends EventEmitter<CompositorEvents> {
  readonly #process: ChildProcess;
  readonly #packets: Writable;
  #stopped = false;
  #reason = 'GStreamer has crashed';
  readonly #exited: Promise<void>;
  readonly #key: string | undefined;

  constructor(composition: Composition) {
    super();
    const { output } = composition;
    this.#key = 'key' in output ? output.key : undefined;
    this.#process = spawn(PYTHON, ['-B', PROGRAM], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] });
    this.#packets = this.#process.stdio[3] as Writable;
    for (const stream of [this.#packets, this.#process.stdin]) {
      stream?.on('error', () => {});
    }
    this.#exited = new Promise((resolve) => {
      const ended = (reason?: string) => {
        resolve();
        if (!this.#stopped) {
          this.#stopped = true;
          this.emit('ended', reason ?? this.#reason);
        }
      };
      this.#process.once('exit', () => ended());
      this.#process.once('error', () => ended(toInstall(['Python'])));
    });
    if (this.#process.pid !== undefined) {
      setPriority(this.#process.pid, NICENESS);
    }
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#take(JSON.parse(line) as Message),
    );
    // By standard input: other users of the machine can read arguments, and the output may have a key in it.
    this.#command(composition);
  }

  addInput(number: number, stream: InputStream): void {
    this.#command({ do: 'add', number, ...stream });
  }

  removeInput(number: number): void {
    this.#command({ do: 'remove', number });
  }

  place(tiles: readonly PlacedTile[]): void {
    this.#command({ do: 'layout', tiles });
  }

  /** Takes an RTP packet of a stream. */
  packet(number: number, rtp: Buffer): void {
    if (this.#stopped || this.#packets.writableLength > MAX_WAITING) {
      return;
    }
    const head = Buffer.allocUnsafe(4);
    head.writeUInt16BE(number, 0);
    head.writeUInt16BE(rtp.length, 2);
    this.#packets.write(Buffer.concat([head, rtp]));
  }

  /** Ends the output. Idempotent; never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#command({ do: 'stop' });
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #command(command: object): void {
    if (this.#process.stdin?.writable) {
      this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    }
  }

  #take({ event, number = 0, reason = '', parts = [] }: Message): void {
    switch (event) {
      case 'flowing':
        this.emit('flowing');
        break;
      case 'key-frame':
        this.emit('keyFrame', number);
        break;
      case 'input-failed':
        this.emit('inputFailed', number, reason);
        break;
      case 'missing':
        this.#reason = toInstall(parts);
        break;
      case 'failed':
        // The server may repeat the key.
        this.#reason = this.#key ? reason.replaceAll(this.#key, '…') : reason;
    }
  }
}

/** What to install before rooms can be streamed; undefined: nothing. */
export function missingForLive(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(PYTHON, ['-B', PROGRAM, '--check'], (error, stdout) => {
      const { parts = ['Python'] }: Partial<Message> = stdout.startsWith('{') ? JSON.parse(stdout) : {};
      resolve(error ? toInstall(parts) : undefined);
    });
  });
}

function toInstall(parts: readonly string[]): string {
  return `GStreamer is incomplete (${parts.slice(0, 3).join(', ')}${parts.length > 3 ? ', …' : ''}): install Debian’s python3-gi, gir1.2-gst-plugins-base-1.0, glib-networking, gstreamer1.0-x and gstreamer1.0-plugins-{base,good,bad,ugly}`;
}

/** Why a composition cannot run. */
export function liveError(reason: string): CanopyError {
  return new CanopyError('LIVE_FAILED', reason);
}
