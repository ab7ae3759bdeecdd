import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildProgram } from './build-program.ts';
import { processCpuSeconds } from './process-cpu.ts';

const RECORD_BYTES = 20;

/** A received or sent packet. */
export interface LoggedPacket {
  /** Source port; 0: sent by us. */
  port: number;
  sequenceNumber: number;
  timestamp: number;
  /** Time of sending, or of receipt by the kernel, on a monotonic clock that all processes share. */
  atMs: number;
  /** Only of received packets. */
  payload: Uint8Array;
}

export interface Voice {
  /** Payloads of 20 ms each, sent in a loop. */
  frames: readonly Uint8Array[];
  payloadType: number;
  clockRate: number;
  /** Whether to log sent packets, too. Default false. */
  logsSent?: boolean;
  /** Whether to send SRTP, with SRTP_SUITE and SRTP_KEY. Default false. */
  srtp?: boolean;
}

export const SRTP_SUITE = 'AES_CM_128_HMAC_SHA1_80';
/** Master key and salt, as in rtp-load.c. */
export const SRTP_KEY: Uint8Array = Buffer.alloc(30, 1);

/** Runs rtp-load.c: many RTP senders and receivers on one port, in a separate process. */
export class RtpLoad {
  /** Port that it sends from and receives at. */
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #received: Buffer[];

  private constructor(child: ChildProcess, folder: string, port: number, received: Buffer[]) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    this.#received = received;
  }

  /** Compiles and starts the program. @throws {Error} there is no C compiler */
  static async start({
    frames,
    payloadType,
    clockRate,
    logsSent = false,
    srtp = false,
  }: Voice): Promise<RtpLoad> {
    const { program, folder } = await buildProgram('rtp-load', srtp ? ['-DWITH_SRTP', '-lsrtp2'] : []);
    const clip = join(folder, 'frames');
    await writeFile(clip, Buffer.concat(frames.flatMap((frame) => [lengthOf(frame), frame])));
    const child = spawn(
      program,
      [clip, `${payloadType}`, `${clockRate / 50}`, ...(logsSent ? ['log'] : [])],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const received: Buffer[] = [];
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    child.stdout.on('data', (chunk: Buffer) => received.push(chunk));
    return new RtpLoad(child, folder, Number.parseInt(first.toString('latin1'), 10), received);
  }

  /** Starts sending to these ports. */
  send(ports: readonly number[]): void {
    this.#child.stdin?.write(`${ports.join('\n')}\n\n`);
  }

  /** Returns the packets logged since the last call. */
  take(): LoggedPacket[] {
    const bytes = Buffer.concat(this.#received);
    const packets: LoggedPacket[] = [];
    let at = 0;
    while (at + RECORD_BYTES <= bytes.length) {
      const end = at + RECORD_BYTES + bytes.readUInt32LE(at + 16);
      if (end > bytes.length) {
        break;
      }
      packets.push({
        atMs: Number(bytes.readBigUInt64LE(at)) / 1e6,
        timestamp: bytes.readUInt32LE(at + 8),
        sequenceNumber: bytes.readUInt16LE(at + 12),
        port: bytes.readUInt16LE(at + 14),
        payload: bytes.subarray(at + RECORD_BYTES, end),
      });
      at = end;
    }
    this.#received.splice(0, this.#received.length, bytes.subarray(at));
    return packets;
  }

  /** CPU time of the process. */
  get cpuSeconds(): number {
    return processCpuSeconds(this.#child.pid as number);
  }

  /** Ends the process. Idempotent. */
  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin?.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function lengthOf(frame: Uint8Array): Uint8Array {
  return new Uint8Array(Uint16Array.of(frame.length).buffer);
}
