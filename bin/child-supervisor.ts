import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Counter, Gauge } from 'prom-client';
import { CanopyError, type ErrorBody, type Logger } from '../base/index.ts';

/** Delay before the first restart, in milliseconds; it doubles with each further one. */
const RESTART_MS = 500;
const MAX_RESTART_MS = 30_000;
/** After running for this long, in milliseconds, a process's next restart has the initial delay again. */
const LONG_LIFE_MS = 60_000;
/** Interval of heartbeats, in milliseconds. A process that misses three counts as hung. */
const HEARTBEAT_MS = 10_000;
const MISSED_HEARTBEATS = 3;
/** How long a scrape waits for the process's metrics, in milliseconds. */
const METRICS_MS = 2_000;
/** How long the process may take to close before it is killed, in milliseconds. */
const CLOSE_MS = 6_000;

/** IPC messages that every supervised process takes. */
export type ToChild =
  /** Answered by `metrics`; also serves as the heartbeat. */
  { type: 'metrics'; id: number } | { type: 'close' };

/** IPC messages that every supervised process sends. */
export type FromChild =
  | { type: 'ready' }
  /** It could not start, or cannot go on. It then exits. */
  | { type: 'failed'; error: ErrorBody }
  | { type: 'metrics'; id: number; text: string };

export interface ChildSupervisorOptions<To, From> {
  /** What the process is called in the log, e.g. `phone gateway`. */
  name: string;
  /** What its absence means, for the log. */
  withoutIt: string;
  program: string;
  log: Logger;
  /** The first message to each process. */
  begin(): To;
  /** A message other than those that every process sends. */
  onMessage?(message: From): void;
  /** The process is ready, at first or again. */
  onReady?(): void;
  /** The process has ended; another one is started unless close() was called. */
  onExit?(): void;
  /** Whether to start another process after this error. Default: always. */
  mayRestart?(error: ErrorBody): boolean;
  metrics: { up: Gauge; restarts: Counter };
}

/**
 * Runs a part of the server as a separate process, so that its crashes end no conference. Restarts it with a growing delay when it dies or
 * hangs. Owns that process; close() lets it finish and waits for its exit.
 */
export class ChildSupervisor<To extends { type: string }, From extends { type: string }> {
  readonly #options: ChildSupervisorOptions<To, From>;
  readonly #pages = new Map<number, (text: string) => void>();
  readonly #heartbeat: NodeJS.Timeout;
  #child: ChildProcess | undefined;
  #startedMs = 0;
  #heardMs = 0;
  #lastPage = 0;
  #delayMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #error: ErrorBody | undefined;
  #isReady = false;
  #closed = false;

  constructor(options: ChildSupervisorOptions<To, From>) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#checkAlive(), HEARTBEAT_MS);
  }

  /** Starts the process and waits until it is ready. @throws {CanopyError} what the process reports */
  async start(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Metrics of the process in the Prometheus text format; empty while it is down. */
  async metricsPage(): Promise<string> {
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

  /** Whether the process is ready. */
  get isUp(): boolean {
    return this.#isReady && this.#child !== undefined && isRunning(this.#child);
  }

  /** Sends a message. Returns whether the process is up; if it is not, the message is lost. */
  send(message: To): boolean {
    if (this.isUp) {
      this.#send(message);
    }
    return this.isUp;
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
    const { program, name, log, metrics, begin } = this.#options;
    const child = fork(program, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#startedMs = this.#heardMs = performance.now();
    this.#error = undefined;
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromChild | From) => {
        this.#heardMs = performance.now();
        if (isCommon(message)) {
          if (message.type === 'ready') {
            this.#isReady = true;
            metrics.up.set(1);
            log.info({ childPid: child.pid }, `${name} started`);
            this.#options.onReady?.();
            resolve();
          } else if (message.type === 'failed') {
            this.#error = message.error;
          } else {
            this.#pages.get(message.id)?.(message.text);
          }
        } else {
          this.#options.onMessage?.(message);
        }
      });
      // The exit event reports the end; a message that can no longer be delivered is not an error.
      child.on('error', () => {});
      child.once('exit', (code, signal) => {
        this.#isReady = false;
        metrics.up.set(0);
        reject(
          this.#error === undefined
            ? new CanopyError('INTERNAL', `the ${name} exited with ${signal ?? code}`)
            : CanopyError.fromBody(this.#error),
        );
        this.#exited(code, signal);
      });
      this.#send(begin());
    });
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#options.onExit?.();
    if (this.#closed) {
      return;
    }
    const { log, name, withoutIt, mayRestart, metrics } = this.#options;
    if (this.#error && mayRestart?.(this.#error) === false) {
      log.error({ error: this.#error }, `${name} is not restarted`);
      return;
    }
    const lived = performance.now() - this.#startedMs;
    this.#delayMs =
      lived > LONG_LIFE_MS || this.#delayMs === 0 ? RESTART_MS : Math.min(this.#delayMs * 2, MAX_RESTART_MS);
    log.error(
      { code, signal, error: this.#error, restartMs: this.#delayMs },
      `${name} exited; ${withoutIt} until it is back`,
    );
    this.#restart = setTimeout(() => {
      metrics.restarts.inc();
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
      const { log, name } = this.#options;
      log.error({ silentMs: Math.round(silentMs) }, `${name} does not respond; killing it`);
      child.kill('SIGKILL');
      return;
    }
    void this.metricsPage();
  }

  #send(message: ToChild | To): void {
    if (this.#child?.connected) {
      this.#child.send(message, () => {});
    }
  }
}

function isCommon(message: { type: string }): message is FromChild {
  return message.type === 'ready' || message.type === 'failed' || message.type === 'metrics';
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
