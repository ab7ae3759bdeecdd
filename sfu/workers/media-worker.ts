import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createWorker } from 'mediasoup';
import type { WebRtcServer, Worker } from 'mediasoup/types';
import type { Logger } from 'pino';
import { CanopyError } from '../../base/errors/index.ts';
import type { ListenAddress } from '../types.ts';
import { Heartbeat } from './heartbeat.ts';
import { freePort, listenInfos, presentAddresses, wildcardFor } from './listen.ts';

/** How long a worker may take to exit, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Another process may take a free port before the worker binds it. */
const PORT_ATTEMPTS = 10;

/**
 * libwebrtc field trials: mediasoup's own, and two more.
 * - MinPacketLimitMs: interval between two runs of each transport's bandwidth estimation, in milliseconds. The default is 5, for a pacer
 *   that mediasoup does not use. The estimator needs only 25, but a probe starts with a run, and everything sent between the request and
 *   that run counts into it. Saves 2500 timers per second in a room of 25.
 * - max_probe_delay: how late the next packet of a probe may be and still be sent at once. The default is 3 ms: after a longer delay, the
 *   rest of the probe is sent at one packet per run, and the probe measures only how slow that was.
 */
export const FIELD_TRIALS =
  'WebRTC-Bwe-AlrLimitedBackoff/Enabled/WebRTC-Pacer-MinPacketLimitMs/10/WebRTC-Bwe-ProbingBehavior/max_probe_delay:100ms/';

export interface MediaWorkerOptions {
  listen: readonly ListenAddress[];
  /** UDP and TCP port; 0: a free one. */
  rtcPort: number;
  workerBin?: string;
  heartbeatMilliseconds: number;
  memoryLimitBytes: number;
  log: Logger;
}

export interface ResourceUsage {
  cpuSeconds: number;
  maxRssBytes: number;
}

interface MediaWorkerEvents {
  /** The process is gone: it exited, or was killed because it no longer answered. Emitted once; not emitted after close(). */
  died: [reason: string];
}

/**
 * A mediasoup worker process with its WebRtcServer (one port, UDP and TCP) and its heartbeat. Owned by WorkerPool. It does not own routers:
 * the rooms watch for `died` through the pool.
 */
export class MediaWorker extends EventEmitter<MediaWorkerEvents> {
  /** New for each process, including replacements. */
  readonly workerId = randomUUID();
  readonly rtcPort: number;
  /** The addresses it was created with. */
  readonly listen: readonly ListenAddress[];
  #announced: readonly ListenAddress[];
  readonly #worker: Worker;
  readonly #webRtcServer: WebRtcServer;
  readonly #heartbeat: Heartbeat;
  readonly #log: Logger;
  readonly #startedAtMs = performance.now();
  #usage: ResourceUsage = { cpuSeconds: 0, maxRssBytes: 0 };
  #killReason: string | undefined;
  #closing: Promise<void> | undefined;
  #died = false;

  /** @throws {CanopyError} WORKER_MISSING - the program cannot run; PORT_IN_USE - its port cannot be bound */
  static async create(options: MediaWorkerOptions): Promise<MediaWorker> {
    const worker = await spawnWorker(options.workerBin);
    const listen = presentAddresses(options.listen);
    if (listen.length < options.listen.length) {
      options.log.warn(
        { wanted: options.listen, listen },
        'some addresses are no longer available on this host',
      );
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        const rtcPort = options.rtcPort || (await freePort(listen));
        const webRtcServer = await worker.createWebRtcServer({ listenInfos: listenInfos(listen, rtcPort) });
        return new MediaWorker(worker, webRtcServer, rtcPort, listen, options);
      } catch (error) {
        if (options.rtcPort === 0 && attempt < PORT_ATTEMPTS && !worker.closed) {
          continue;
        }
        const code = worker.closed ? 'WORKER_UNAVAILABLE' : 'PORT_IN_USE';
        worker.close();
        throw new CanopyError(code, error instanceof Error ? error.message : String(error), { cause: error });
      }
    }
  }

  private constructor(
    worker: Worker,
    webRtcServer: WebRtcServer,
    rtcPort: number,
    listen: readonly ListenAddress[],
    options: MediaWorkerOptions,
  ) {
    super();
    this.#worker = worker;
    this.#webRtcServer = webRtcServer;
    this.rtcPort = rtcPort;
    this.listen = listen;
    this.#announced = listen;
    this.#log = options.log.child({ workerId: this.workerId, pid: worker.pid });
    this.#heartbeat = new Heartbeat({
      intervalMs: options.heartbeatMilliseconds,
      ping: async () => {
        await this.#readUsage();
        if (this.#usage.maxRssBytes > options.memoryLimitBytes) {
          this.kill(`memory exceeds ${options.memoryLimitBytes} bytes`);
        }
      },
      // Killing a worker that is only waiting for the CPU would turn a stutter into an outage.
      excused: () => waitsForCpu(worker.pid),
      onDead: () => this.kill(`no answer to three heartbeats of ${options.heartbeatMilliseconds} ms`),
    });
    worker.on('died', (error) => this.#onDied(error.message));
  }

  get pid(): number {
    return this.#worker.pid;
  }

  /** The addresses it currently announces. */
  get announced(): readonly ListenAddress[] {
    return this.#announced;
  }

  /** Announces these addresses from now on, skipping those that match none of its sockets. */
  announce(listen: readonly ListenAddress[]): void {
    const bound = new Set(this.listen.map(({ ip }) => ip));
    const reachable = listen.flatMap(({ ip, announcedAddress = ip }) => {
      const socket = [ip, wildcardFor(announcedAddress)].find((candidate) => bound.has(candidate));
      return socket === undefined ? [] : [{ ip: socket, announcedAddress }];
    });
    if (reachable.length < listen.length) {
      this.#log.warn({ wanted: listen, reachable }, 'some addresses cannot be announced before a restart');
    }
    if (reachable.length > 0) {
      this.#announced = reachable;
    }
  }

  /** Whether it accepts requests. */
  get alive(): boolean {
    return !this.#worker.closed;
  }

  /** Time since it became ready, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** As of the last heartbeat. */
  get usage(): ResourceUsage {
    return this.#usage;
  }

  get webRtcServer(): WebRtcServer {
    return this.#webRtcServer;
  }

  get mediasoupWorker(): Worker {
    return this.#worker;
  }

  /** Re-reads the usage; resolves with the last known value if the worker does not answer. */
  async currentUsage(): Promise<ResourceUsage> {
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, 200).unref());
    await Promise.race([this.#readUsage().catch(() => {}), timeout]);
    return this.#usage;
  }

  /** Ends the process at once; `died` follows. */
  kill(reason: string): void {
    if (!this.alive) {
      return;
    }
    this.#killReason = reason;
    signal(this.pid, 'SIGKILL');
  }

  /** Ends the process and everything in it. Idempotent; resolves when the process is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#heartbeat.close();
    if (this.#worker.subprocessClosed) {
      return;
    }
    const gone = once(this.#worker, 'subprocessclose');
    this.#worker.close();
    // A stopped process would never exit.
    const killTimer = setTimeout(() => signal(this.pid, 'SIGKILL'), CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(killTimer);
  }

  async #readUsage(): Promise<void> {
    const usage = await this.#worker.getResourceUsage();
    // ru_utime and ru_stime are in milliseconds, ru_maxrss in KiB.
    this.#usage = {
      cpuSeconds: (usage.ru_utime + usage.ru_stime) / 1000,
      maxRssBytes: usage.ru_maxrss * 1024,
    };
  }

  #onDied(message: string): void {
    if (this.#died || this.#closing) {
      return;
    }
    this.#died = true;
    this.#heartbeat.close();
    const reason = this.#killReason ?? message;
    this.#log.error({ reason }, 'media worker died');
    this.emit('died', reason);
  }
}

/**
 * Starts a worker process. mediasoup would close its workers on SIGINT and SIGTERM, cutting everybody off before the server has drained, so
 * its signal listeners are removed: the composition root decides when to stop.
 */
export async function spawnWorker(workerBin: string | undefined): Promise<Worker> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = signals.map((name) => new Set(process.listeners(name)));
  const spawning = createWorker({ workerBin, logLevel: 'warn', libwebrtcFieldTrials: FIELD_TRIALS });
  for (const [index, name] of signals.entries()) {
    for (const listener of process.listeners(name)) {
      if (!before[index]?.has(listener)) {
        process.removeListener(name, listener);
      }
    }
  }
  try {
    return await spawning;
  } catch (error) {
    throw new CanopyError('WORKER_MISSING', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/**
 * Whether a process is runnable or waiting for memory or disk, as far as the host reports (Linux: proc(5), state R or D), rather than
 * stopped (T) or sleeping (S).
 */
function waitsForCpu(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^ [RD]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process is gone.
  }
}
