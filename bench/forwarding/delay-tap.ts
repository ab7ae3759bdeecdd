import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { cProgram } from './programs.ts';

/** How long a worker held packets, between the kernel's time of what came and of what left. */
export interface HeldPackets {
  packets: number;
  /** Sends that they took: fewer than packets where they are grouped. */
  sends: number;
  /** Packets that left after a later one of their stream. */
  disordered: number;
  /** Packets that the measurement missed. */
  missed: number;
  p50Us: number;
  p99Us: number;
  maxUs: number;
}

/** Reads the loopback interface beside a worker. It makes each send dearer, so CPU is measured without it. */
export class DelayTap {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
  }

  /** Undefined if this process may not read the interface (CAP_NET_RAW). @param port - the worker's UDP port */
  static async start(port: number): Promise<DelayTap | undefined> {
    const child = spawn(await cProgram('delay-tap'), [`${port}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    const begun = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    return begun ? new DelayTap(child) : undefined;
  }

  async stop(): Promise<HeldPackets> {
    const answered = once(this.#child.stdout, 'data');
    this.#child.stdin.end();
    const [line] = (await answered) as [Buffer];
    const [packets = 0, sends = 0, disordered = 0, missed = 0, p50Us = 0, p99Us = 0, maxUs = 0] = line
      .toString('latin1')
      .trim()
      .split(' ')
      .map(Number);
    return { packets, sends, disordered, missed, p50Us, p99Us, maxUs };
  }
}
