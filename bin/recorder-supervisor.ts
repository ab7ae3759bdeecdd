import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { ComposedFile, RecordingManifest } from '../contract/index.ts';
import type { CompositionTask, Recorder, RecorderEvents, RecordOptions } from '../signaling/index.ts';
import { ChildMetrics } from './child-metrics.ts';
import { ChildRequests } from './child-requests.ts';
import { ChildSupervisor } from './child-supervisor.ts';
import type { FromRecorder, RecorderCommand, ToRecorder } from './recorder-messages.ts';

const PROGRAM = fileURLToPath(new URL(`./recorder-process${extname(import.meta.filename)}`, import.meta.url));

/** Interval of attempts to go on with a recording, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * The recorder as a separate process. After a crash, the next process continues the recordings. close() ends them, with their files complete.
 */
export class RecorderSupervisor implements Recorder {
  readonly #metrics = new ChildMetrics('canopy_recorder');
  readonly #requests = new ChildRequests<RecordingManifest | undefined>('RECORDER_UNAVAILABLE');
  readonly #compositions = new ChildRequests<ComposedFile>('RECORDER_UNAVAILABLE');
  readonly #composing = new Map<string, (percent: number) => void>();
  /** What to record now. Updated before the process is asked, so that a new process can take it over. */
  readonly #wanted = new Map<string, RecordOptions>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #events: RecorderEvents | undefined;
  #child: ChildSupervisor<ToRecorder, FromRecorder> | undefined;
  #isClosed = false;

  /** Starts the process. @param options `url`: of the server on this host @throws {CanopyError} CONNECTION_LOST and others */
  async open({ config, log, url }: { config: Config; log: Logger; url: string }): Promise<void> {
    this.#child = new ChildSupervisor({
      name: 'recorder',
      withoutIt: 'nothing is recorded',
      program: PROGRAM,
      log,
      begin: () => ({ type: 'begin', config, url }),
      onMessage: (message) => this.#take(message),
      onReady: () => this.#continue(),
      onExit: () => this.#abandon(),
      metrics: this.#metrics,
    });
    await this.#child.start();
  }

  get isUp(): boolean {
    return this.#child?.isUp ?? false;
  }

  listen(events: RecorderEvents): void {
    this.#events = events;
  }

  async start(options: RecordOptions): Promise<void> {
    const { recordingId } = options;
    this.#wanted.set(recordingId, options);
    try {
      await this.#ask({ name: 'start', options });
    } catch (error) {
      this.#wanted.delete(recordingId);
      throw error;
    }
  }

  async setPaused(recordingId: string, pausedAtMs: number | null): Promise<void> {
    const options = this.#wanted.get(recordingId);
    if (!options) {
      return;
    }
    this.#wanted.set(recordingId, { ...options, pausedAtMs });
    try {
      await this.#ask({ name: 'set-paused', recordingId, pausedAtMs });
    } catch (error) {
      if (CanopyError.from(error).code !== 'RECORDER_UNAVAILABLE') {
        throw error;
      }
    }
  }

  async stop(recordingId: string): Promise<RecordingManifest | undefined> {
    this.#wanted.delete(recordingId);
    return this.#ask({ name: 'stop', recordingId });
  }

  repair(folder: string): Promise<RecordingManifest | undefined> {
    return this.#ask({ name: 'repair', folder });
  }

  async compose(task: CompositionTask, onProgress: (percent: number) => void): Promise<ComposedFile> {
    const { compositionId } = task;
    this.#composing.set(compositionId, onProgress);
    try {
      return await this.#compositions.ask((id) => this.#child?.send({ type: 'compose', id, task }) ?? false);
    } finally {
      this.#composing.delete(compositionId);
    }
  }

  cancelComposition(compositionId: string): void {
    this.#child?.send({ type: 'cancel-composition', compositionId });
  }

  /** Metrics of the recorder and its process in the Prometheus text format. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), (await this.#child?.metricsPage()) ?? ''];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#retries) {
      clearTimeout(timer);
    }
    await this.#child?.close();
  }

  #take(message: FromRecorder): void {
    switch (message.type) {
      case 'done':
        this.#requests.done(message.id, message.manifest);
        break;
      case 'refused':
        this.#requests.refused(message.id, message.error);
        break;
      case 'composed':
        this.#compositions.done(message.id, message.composed);
        break;
      case 'not-composed':
        this.#compositions.refused(message.id, message.error);
        break;
      case 'composing':
        this.#composing.get(message.compositionId)?.(message.percent);
        break;
      case 'ended':
        this.#wanted.delete(message.recordingId);
        this.#events?.ended(message.recordingId, CanopyError.fromBody(message.error));
        break;
      case 'progress':
        this.#events?.progress(message.recordingId, message);
    }
  }

  /** A process has begun: it goes on with what the last one recorded. */
  #continue(): void {
    for (const recordingId of this.#wanted.keys()) {
      void this.#goOnWith(recordingId);
    }
    this.#events?.ready();
  }

  async #goOnWith(recordingId: string): Promise<void> {
    const options = this.#wanted.get(recordingId);
    if (!options || !this.#child?.isUp) {
      return;
    }
    try {
      await this.#ask({ name: 'start', options });
      this.#events?.continued(recordingId);
    } catch (thrown) {
      const error = CanopyError.from(thrown);
      if (!error.retryable) {
        if (this.#wanted.delete(recordingId)) {
          this.#events?.ended(recordingId, error);
        }
      } else if (this.#child.isUp) {
        // E.g. the server is busy. If the process has died, the next one goes on.
        const timer = setTimeout(() => {
          this.#retries.delete(timer);
          void this.#goOnWith(recordingId);
        }, RETRY_MS);
        this.#retries.add(timer);
      }
    }
  }

  #abandon(): void {
    this.#requests.abandon();
    this.#compositions.abandon();
    if (this.#isClosed) {
      return;
    }
    for (const recordingId of this.#wanted.keys()) {
      this.#events?.interrupted(recordingId);
    }
  }

  #ask(command: RecorderCommand): Promise<RecordingManifest | undefined> {
    return this.#requests.ask((id) => this.#child?.send({ type: 'command', id, command }) ?? false);
  }
}
