import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PoolStats } from '../media/index.ts';
import type { CallsToOpen, FromGateway, OpenedCalls, ToGateway } from './gateway-process.ts';
import { processCpuSeconds } from './process-cpu.ts';

const PROGRAM = fileURLToPath(new URL(`gateway-process${extname(import.meta.filename)}`, import.meta.url));

/** The gateway's media in a separate process. */
export class GatewayMedia {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `threads` 0: the gateway's default. */
  static async start(threads: number): Promise<GatewayMedia> {
    // Run it in its own session, like a service.
    const child = fork(PROGRAM, [`${threads}`], { detached: true });
    await ask(child, undefined, 'ready');
    return new GatewayMedia(child);
  }

  async open(calls: CallsToOpen): Promise<OpenedCalls> {
    return (await ask(this.#child, { type: 'open', calls }, 'opened')).ports;
  }

  /** Ends the calls, but not the process. */
  async end(): Promise<void> {
    await ask(this.#child, { type: 'end' }, 'ended');
  }

  /** CPU time of the whole process. */
  get cpuSeconds(): number {
    return processCpuSeconds(this.#child.pid as number);
  }

  async stats(): Promise<PoolStats> {
    return (await ask(this.#child, { type: 'stats' }, 'stats')).stats;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

async function ask<T extends FromGateway['type']>(
  child: ChildProcess,
  message: ToGateway | undefined,
  type: T,
): Promise<Extract<FromGateway, { type: T }>> {
  const ended = new AbortController();
  const fail = () => ended.abort(new Error('the gateway process ended'));
  child.once('exit', fail);
  try {
    const answered = once(child, 'message', ended) as Promise<[FromGateway]>;
    if (message) {
      child.send(message);
    }
    const [answer] = await answered;
    if (answer.type !== type) {
      throw new Error(`expected ${type}, got ${answer.type}`);
    }
    return answer as Extract<FromGateway, { type: T }>;
  } finally {
    child.off('exit', fail);
  }
}
