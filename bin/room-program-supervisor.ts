import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { ErrorCode } from '../contract/light.ts';
import { ChildMetrics } from './child-metrics.ts';
import { ChildRequests } from './child-requests.ts';
import { ChildSupervisor } from './child-supervisor.ts';
import type { FromRoomProgram, ToRoomProgram } from './room-program-messages.ts';

export interface RoomProgramDescription {
  name: 'captioner' | 'broadcaster';
  /** What its absence means, for the log. */
  withoutIt: string;
  /** Code of the error while its process is down. */
  unavailable: ErrorCode;
}

interface Running<Options> {
  readonly options: Options;
  /** The id of the start. What comes of an earlier one in the same room is late. */
  startId: number | undefined;
}

/** A process that works in rooms. After a crash, the next process goes on in the same rooms. */
export abstract class RoomProgramSupervisor<Options extends { roomId: string }, Report> {
  readonly #description: RoomProgramDescription;
  readonly #metrics: ChildMetrics;
  readonly #requests: ChildRequests<void>;
  /** Where it works, by room. */
  readonly #running = new Map<string, Running<Options>>();
  #child: ChildSupervisor<ToRoomProgram<Options>, FromRoomProgram<Report>> | undefined;

  constructor(description: RoomProgramDescription) {
    this.#description = description;
    this.#metrics = new ChildMetrics(`canopy_${description.name}`);
    this.#requests = new ChildRequests(description.unavailable, `the ${description.name} is being restarted`);
  }

  /** The program has something to say about a room. */
  protected abstract reported(roomId: string, report: Report): void;
  /** The program no longer works in the room. */
  protected abstract ended(roomId: string, error: CanopyError): void;
  /** The process was lost while it worked in the room (`false`), or the next one works there (`true`). */
  protected runningChanged(_roomId: string, _isRunning: boolean): void {}

  /** Starts the process. @param options `url`: of the server on this host @throws {CanopyError} CONNECTION_LOST and others */
  async open({ config, log, url }: { config: Config; log: Logger; url: string }): Promise<void> {
    const { name, withoutIt } = this.#description;
    const file = `./${name}-process${extname(import.meta.filename)}`;
    this.#child = new ChildSupervisor({
      name,
      withoutIt,
      program: fileURLToPath(new URL(file, import.meta.url)),
      log,
      begin: () => ({ type: 'begin', config, url }),
      onMessage: (message) => this.#take(message),
      onReady: () => {
        for (const running of this.#running.values()) {
          void this.#resume(running);
        }
      },
      onExit: () => {
        this.#requests.abandon();
        for (const roomId of this.#running.keys()) {
          this.runningChanged(roomId, false);
        }
      },
      metrics: this.#metrics,
    });
    await this.#child.start();
  }

  async start(options: Options): Promise<void> {
    const { roomId } = options;
    // Before it works there: a stop that comes meanwhile is the last word.
    const running: Running<Options> = { options, startId: undefined };
    this.#running.set(roomId, running);
    try {
      await this.#begin(running);
    } catch (error) {
      if (this.#running.get(roomId) === running) {
        this.#running.delete(roomId);
      }
      throw error;
    }
  }

  async stop(roomId: string): Promise<void> {
    this.#running.delete(roomId);
    // A process that has ended works nowhere.
    await this.#ask((id) => ({ type: 'stop', id, roomId })).catch(() => {});
  }

  /** Metrics of the program and its process in the Prometheus text format. */
  async metricsPage(): Promise<string> {
    const pages = [await this.#metrics.registry.metrics(), (await this.#child?.metricsPage()) ?? ''];
    return pages.filter(Boolean).join('\n');
  }

  async close(): Promise<void> {
    await this.#child?.close();
  }

  async #begin(running: Running<Options>): Promise<void> {
    const { options } = running;
    await this.#ask((id) => {
      running.startId = id;
      return { type: 'start', id, options };
    });
  }

  /** Goes on in a room in which an earlier process worked. */
  async #resume(running: Running<Options>): Promise<void> {
    const { roomId } = running.options;
    try {
      await this.#begin(running);
      this.runningChanged(roomId, true);
    } catch (error) {
      if (this.#running.get(roomId) === running) {
        this.#end(roomId, CanopyError.from(error));
      }
    }
  }

  #end(roomId: string, error: CanopyError): void {
    if (this.#running.delete(roomId)) {
      this.ended(roomId, error);
    }
  }

  #take(message: FromRoomProgram<Report>): void {
    switch (message.type) {
      case 'done':
        this.#requests.done(message.id);
        break;
      case 'refused':
        this.#requests.refused(message.id, message.error);
        break;
      case 'report':
        if (this.#isCurrent(message)) {
          this.reported(message.roomId, message.report);
        }
        break;
      case 'ended':
        if (this.#isCurrent(message)) {
          this.#end(message.roomId, CanopyError.fromBody(message.error));
        }
    }
  }

  #isCurrent({ roomId, startId }: { roomId: string; startId: number }): boolean {
    return this.#running.get(roomId)?.startId === startId;
  }

  #ask(message: (id: number) => ToRoomProgram<Options>): Promise<void> {
    return this.#requests.ask((id) => this.#child?.send(message(id)) ?? false);
  }
}
