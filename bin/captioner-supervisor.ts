import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { Captioner, CaptionerEvents, ListenOptions } from '../signaling/index.ts';
import type { FromCaptioner, ToCaptioner } from './captioner-messages.ts';
import { ChildMetrics } from './child-metrics.ts';
import { ChildRequests } from './child-requests.ts';
import { ChildSupervisor } from './child-supervisor.ts';

const PROGRAM = fileURLToPath(
  new URL(`./captioner-process${extname(import.meta.filename)}`, import.meta.url),
);

/** The captioner as a separate process. After a crash, the next process listens to the same rooms. */
export class CaptionerSupervisor implements Captioner {
  readonly #metrics = new ChildMetrics('canopy_captioner');
  readonly #requests = new ChildRequests<void>('CAPTIONS_UNAVAILABLE');
  /** What is listened to, by room. */
  readonly #running = new Map<string, ListenOptions>();
  #events: CaptionerEvents | undefined;
  #child: ChildSupervisor<ToCaptioner, FromCaptioner> | undefined;

  /** Starts the process. @param options `url`: of the server on this host @throws {CanopyError} CONNECTION_LOST and others */
  async open({ config, log, url }: { config: Config; log: Logger; url: string }): Promise<void> {
    this.#child = new ChildSupervisor({
      name: 'captioner',
      withoutIt: 'there are no captions',
      program: PROGRAM,
      log,
      begin: () => ({ type: 'begin', config, url }),
      onMessage: (message) => this.#take(message),
      onReady: () => {
        for (const options of this.#running.values()) {
          this.#begin(options).catch((error: CanopyError) => this.#end(options.roomId, error));
        }
      },
      onExit: () => this.#requests.abandon(),
      metrics: this.#metrics,
    });
    await this.#child.start();
  }

  listen(events: CaptionerEvents): void {
    this.#events = events;
  }

  async start(options: ListenOptions): Promise<void> {
    await this.#begin(options);
    this.#running.set(options.roomId, options);
  }

  async stop(roomId: string): Promise<void> {
    this.#running.delete(roomId);
    // A process that has ended listens to nothing.
    await this.#ask((id) => ({ type: 'stop', id, roomId })).catch(() => {});
  }

  /** Metrics of the captioner and its process in the Prometheus text format. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), (await this.#child?.metricsPage()) ?? ''];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    await this.#child?.close();
  }

  async #begin(options: ListenOptions): Promise<void> {
    await this.#ask((id) => ({ type: 'start', id, options }));
  }

  #end(roomId: string, error: CanopyError): void {
    if (this.#running.delete(roomId)) {
      this.#events?.ended(roomId, error);
    }
  }

  #take(message: FromCaptioner): void {
    switch (message.type) {
      case 'done':
        this.#requests.done(message.id);
        break;
      case 'refused':
        this.#requests.refused(message.id, message.error);
        break;
      case 'spoken':
        this.#events?.spoken(message.roomId, message.spoken);
        break;
      case 'unheard':
        this.#events?.failed(message.roomId);
        break;
      case 'ended':
        this.#end(message.roomId, CanopyError.fromBody(message.error));
    }
  }

  #ask(message: (id: number) => ToCaptioner): Promise<void> {
    return this.#requests.ask((id) => this.#child?.send(message(id)) ?? false);
  }
}
