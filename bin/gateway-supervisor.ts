import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Counter, Gauge, Registry } from 'prom-client';
import { CanopyError, type Config, type ErrorBody, type Logger } from '../base/index.ts';
import type { FromGateway, ToGateway } from './gateway-messages.ts';

const PROGRAM = fileURLToPath(new URL(`./gateway-process${extname(import.meta.filename)}`, import.meta.url));

/** A first restart comes at once; further ones wait twice as long each time. */
const RESTART_MILLISECONDS = 500;
const MAX_RESTART_MILLISECONDS = 30_000;
/** A gateway that ran for this long did not end because of how it was started. */
const LONG_LIFE_MILLISECONDS = 60_000;
/** A gateway that has not answered for three of these hangs. */
const HEARTBEAT_MILLISECONDS = 10_000;
const MISSED_HEARTBEATS = 3;
/** How long a page of metrics waits for the gateway's part. */
const METRICS_MILLISECONDS = 2_000;
const CLOSE_MILLISECONDS = 6_000;

export interface GatewaySupervisorOptions {
  config: Config;
  log: Logger;
  /** The server, on this host. */
  url: string;
}

/** Metrics of the supervision itself, for the page of the server. */
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
 * Runs the phone gateway as a process of its own, so that whatever ends it ends no conference: one that dies or hangs is restarted, with a
 * growing delay. Owns that process; close() ends calls and waits for it.
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
    this.#heartbeat = setInterval(() => this.#checkAlive(), HEARTBEAT_MILLISECONDS);
  }

  /** Starts the gateway and waits until phones may call. @throws CanopyError PORT_IN_USE, CONFIG_INVALID, CONNECTION_LOST … */
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

  /** The metrics of the gateway and its process in the Prometheus text format; without the former while it is away. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), await this.#ask()];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    const exited = once(child, 'exit');
    this.#send({ type: 'close' });
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MILLISECONDS);
    await exited;
    clearTimeout(timer);
  }

  /** Starts a process. Resolves when it is ready, rejects when it ends before. */
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
          log.info({ gatewayPid: child.pid }, 'the phone gateway is running');
          resolve();
        } else if (message.type === 'failed') {
          this.#error = message.error;
        } else {
          this.#pages.get(message.id)?.(message.text);
        }
      });
      // Its exit tells; a message that no longer gets through is no error of ours.
      child.on('error', () => {});
      child.once('exit', (code, signal) => {
        this.#metrics.up.set(0);
        reject(
          this.#error === undefined
            ? new CanopyError('INTERNAL', `the phone gateway ended with ${signal ?? code}`)
            : CanopyError.fromBody(this.#error),
        );
        this.#gone(code, signal);
      });
      this.#send({ type: 'start', config, url });
    });
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#closed) return;
    const { log } = this.#options;
    if (this.#error?.code === 'SESSION_REPLACED') {
      log.error({ error: this.#error }, 'another phone gateway has taken over; this one is not restarted');
      return;
    }
    const lived = performance.now() - this.#startedMs;
    this.#delayMs =
      lived > LONG_LIFE_MILLISECONDS || this.#delayMs === 0
        ? RESTART_MILLISECONDS
        : Math.min(this.#delayMs * 2, MAX_RESTART_MILLISECONDS);
    log.error(
      { code, signal, error: this.#error, restartMs: this.#delayMs },
      'the phone gateway ended; phones cannot call until it is back',
    );
    this.#restart = setTimeout(() => {
      this.#metrics.restarts.inc();
      // It says why when it ends.
      this.#run().catch(() => {});
    }, this.#delayMs);
  }

  #checkAlive(): void {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    const silentMs = performance.now() - this.#heardMs;
    if (silentMs > MISSED_HEARTBEATS * HEARTBEAT_MILLISECONDS) {
      this.#options.log.error({ silentMs: Math.round(silentMs) }, 'the phone gateway hangs; killing it');
      child.kill('SIGKILL');
      return;
    }
    void this.#ask();
  }

  async #ask(): Promise<string> {
    if (this.#child === undefined || !isRunning(this.#child)) return '';
    const id = ++this.#lastPage;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#pages.set(id, resolve);
    const timer = setTimeout(resolve, METRICS_MILLISECONDS, '');
    this.#send({ type: 'metrics', id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pages.delete(id);
    }
  }

  #send(message: ToGateway): void {
    if (this.#child?.connected) this.#child.send(message, () => {});
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
