import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { RecordingManifest } from '../contract/index.ts';
import type { Recorder, RecorderEvents, RecordOptions } from '../signaling/index.ts';
import { ChildSupervisor } from './child-supervisor.ts';
import type { FromRecorder, RecorderCommand, ToRecorder } from './recorder-messages.ts';
import { RecorderProcessMetrics } from './recorder-metrics.ts';

const PROGRAM = fileURLToPath(new URL(`./recorder-process${extname(import.meta.filename)}`, import.meta.url));

/**
 * The recorder as a separate process. After a crash, the next process continues the recordings. close() ends them, with their files complete.
 */
export class RecorderSupervisor implements Recorder {
  readonly #metrics = new RecorderProcessMetrics();
  readonly #waiting = new Map<
    number,
    { resolve(manifest: RecordingManifest | undefined): void; reject(error: CanopyError): void }
  >();
  /** Recordings in progress, and whether they are paused. */
  readonly #running = new Map<string, { options: RecordOptions; isPaused: boolean }>();
  #events: RecorderEvents | undefined;
  #child: ChildSupervisor<ToRecorder, FromRecorder> | undefined;
  #lastId = 0;

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

  listen(events: RecorderEvents): void {
    this.#events = events;
  }

  async start(options: RecordOptions): Promise<void> {
    await this.#ask({ name: 'start', options });
    this.#running.set(options.recordingId, { options, isPaused: false });
  }

  pause(recordingId: string): void {
    this.#setPaused(recordingId, true);
  }

  resume(recordingId: string): void {
    this.#setPaused(recordingId, false);
  }

  async stop(recordingId: string): Promise<RecordingManifest> {
    const running = this.#running.get(recordingId);
    this.#running.delete(recordingId);
    const manifest =
      (await this.#ask({ name: 'stop', recordingId })) ??
      // The process died and has not begun again.
      (running && (await this.repair(running.options.folder)));
    if (manifest === undefined) {
      throw new CanopyError('RECORDER_UNAVAILABLE');
    }
    return manifest;
  }

  repair(folder: string): Promise<RecordingManifest | undefined> {
    return this.#ask({ name: 'repair', folder });
  }

  /** Metrics of the recorder and its process in the Prometheus text format. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), (await this.#child?.metricsPage()) ?? ''];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    await this.#child?.close();
  }

  #setPaused(recordingId: string, isPaused: boolean): void {
    const running = this.#running.get(recordingId);
    if (running) {
      running.isPaused = isPaused;
      this.#ask({ name: isPaused ? 'pause' : 'resume', recordingId }).catch(() => {});
    }
  }

  #take(message: FromRecorder): void {
    switch (message.type) {
      case 'done':
        this.#waiting.get(message.id)?.resolve(message.manifest);
        break;
      case 'refused':
        this.#waiting.get(message.id)?.reject(CanopyError.fromBody(message.error));
        break;
      case 'ended':
        this.#running.delete(message.recordingId);
        this.#events?.ended(message.recordingId, CanopyError.fromBody(message.error));
        break;
      case 'progress':
        this.#events?.progress(message.recordingId, message);
    }
  }

  /** Another process has begun: it goes on with what the last one recorded. */
  #continue(): void {
    for (const [recordingId, { options, isPaused }] of this.#running) {
      this.#ask({ name: 'start', options }).then(
        () => {
          if (isPaused) {
            this.#ask({ name: 'pause', recordingId }).catch(() => {});
          }
        },
        (error: CanopyError) => {
          if (this.#running.delete(recordingId)) {
            this.#events?.ended(recordingId, error);
          }
        },
      );
    }
  }

  /** The process has ended: nothing that was asked will be answered. */
  #abandon(): void {
    for (const { reject } of [...this.#waiting.values()]) {
      reject(new CanopyError('RECORDER_UNAVAILABLE'));
    }
  }

  async #ask(command: RecorderCommand): Promise<RecordingManifest | undefined> {
    if (!this.#child?.isUp) {
      throw new CanopyError('RECORDER_UNAVAILABLE');
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<RecordingManifest | undefined>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ type: 'command', id, command });
    try {
      return await promise;
    } finally {
      this.#waiting.delete(id);
    }
  }
}
