import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Counter, Gauge, Registry } from 'prom-client';
import { CanopyError, type Config, type ErrorBody, type Logger } from '../base/index.ts';
import type { FromGateway, ToGateway } from './gateway-messages.ts';

const PROGRAM = fileURLToPath(new URL(`./gateway-process${extname(import.meta.filename)}`, import.meta.url));

/** Delay before the first restart, in milliseconds; it doubles with each further one. */
const RESTART_MS = 500;
const MAX_RESTART_MS = 30_000;
/** After running for this long, in milliseconds, a gateway's next restart has the initial delay again. */
const LONG_LIFE_MS = 60_000;
/** Interval of heartbeats, in milliseconds. A gateway that misses three counts as hung. */
const HEARTBEAT_MS = 10_000;
const MISSED_HEARTBEATS = 3;
/** How long a scrape waits for the gateway's metrics, in milliseconds. */
const METRICS_MS = 2_000;
/** How long the gateway may take to close before it is killed, in milliseconds. */
const CLOSE_MS = 6_000;

export interface GatewaySupervisorOptions {
  config: Config;
  log: Logger;
  /** URL of the server on this host. */
  url: string;
}

/** Metrics of the supervisor itself, added to the server's metrics page. */
export class GatewayProcessMetrics {
  readonly registry = new Registry();
  readonly up = new Gauge({
    name: 'canopy_sip_gateway_up',
    help: 'Whether the phone gateway process is running and ready (1) or not (0)',
    registers: [this.registry],
  });
  readonly restarts = new Counter({
    name: 'canopy_sip_gateway_restarts_total',
    help: 'Restarts of the phone gateway process after it died or hung',
    registers: [this.registry],
  });
}

/**
 * Runs the phone gateway as a separate process, so that its crashes end no conference. Restarts it with a growing delay when it dies or
 * hangs. Owns that process; close() ends its calls and waits for its exit.
 */
export class GatewaySupervisor {
  readonly #options: GatewaySupervisorOptions;
  readonly #metrics = new GatewayProcessMetrics();
  readonly #pages = new Map<number, (text: string) => void>();
  readonly #heartbeat: NodeJS.Timeout;
  #child: ChildProcess | undefined;
  #startedMs = 0;
  #heardMs = 0;
  #lastPage = 0;
  #delayMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #error: ErrorBody | undefined;
  #closed = false;

  private constructor(options: GatewaySupervisorOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#checkAlive(), HEARTBEAT_MS);
  }

  /** Starts the gateway and waits until phones may call. @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID, CONNECTION_LOST … */
  static async start(options: GatewaySupervisorOptions): Promise<GatewaySupervisor> {
    const supervisor = new GatewaySupervisor(options);
    try {
      await supervisor.#run();
      return supervisor;
    } catch (error) {
      await supervisor.close();
      throw error;
    }
  }

  /** Metrics of the gateway and its process in the Prometheus text format; only the process's while the gateway is down. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), await this.#fetchMetrics()];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || !isRunning(child)) {
      return;
    }
    const exited = once(child, 'exit');
    this.#send({ type: 'close' });
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    await exited;
    clearTimeout(timer);
  }

  /** Starts a process. Resolves when it is ready, rejects if it exits before that. */
  #run(): Promise<void> {
    const { config, log, url } = this.#options;
    const child = fork(PROGRAM, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedMs = this.#heardMs = performance.now();
    this.#error = undefined;
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromGateway) => {
        this.#heardMs = performance.now();
        if (message.type === 'ready') {
          this.#metrics.up.set(1);
          log.info({ gatewayPid: child.pid }, 'phone gateway started');
          resolve();
        } else if (message.type === 'failed') {
          this.#error = message.error;
        } else {
          this.#pages.get(message.id)?.(message.text);
        }
      });
      // The exit event reports the end; a message that can no longer be delivered is not an error.
      child.on('error', () => {});
      child.once('exit', (code, signal) => {
        this.#metrics.up.set(0);
        reject(
          this.#error === undefined
            ? new CanopyError('INTERNAL', `the phone gateway exited with ${signal ?? code}`)
            : CanopyError.fromBody(this.#error),
        );
        this.#exited(code, signal);
      });
      this.#send({ type: 'start', config, url });
    });
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#closed) {
      return;
    }
    const { log } = this.#options;
    if (this.#error?.code === 'SESSION_REPLACED') {
      log.error({ error: this.#error }, 'another phone gateway took over; this one is not restarted');
      return;
    }
    const lived = performance.now() - this.#startedMs;
    this.#delayMs =
      lived > LONG_LIFE_MS || this.#delayMs === 0 ? RESTART_MS : Math.min(this.#delayMs * 2, MAX_RESTART_MS);
    log.error(
      { code, signal, error: this.#error, restartMs: this.#delayMs },
      'phone gateway exited; phones cannot call until it is back',
    );
    this.#restart = setTimeout(() => {
      this.#metrics.restarts.inc();
      // Its exit handler logs the reason.
      this.#run().catch(() => {});
    }, this.#delayMs);
  }

  #checkAlive(): void {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) {
      return;
    }
    const silentMs = performance.now() - this.#heardMs;
    if (silentMs > MISSED_HEARTBEATS * HEARTBEAT_MS) {
      this.#options.log.error(
        { silentMs: Math.round(silentMs) },
        'phone gateway does not respond; killing it',
      );
      child.kill('SIGKILL');
      return;
    }
    void this.#fetchMetrics();
  }

  async #fetchMetrics(): Promise<string> {
    if (this.#child === undefined || !isRunning(this.#child)) {
      return '';
    }
    const id = ++this.#lastPage;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#pages.set(id, resolve);
    const timer = setTimeout(resolve, METRICS_MS, '');
    this.#send({ type: 'metrics', id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pages.delete(id);
    }
  }

  #send(message: ToGateway): void {
    if (this.#child?.connected) {
      this.#child.send(message, () => {});
    }
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
