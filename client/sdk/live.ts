import type { EventData, RequestInput, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** A live stream that runs. */
export type RunningLive = NonNullable<EventData<'live.changed'>['live']>;
/** Where a room can be streamed to. */
export type LiveChoices = Omit<SnapshotPart<'live'>, 'running'>;
export type LiveOptions = RequestInput<'live.start'>;

export interface LiveEvents {
  /** A live stream started, was interrupted, goes on or ended, or the room was entered again. */
  changed: [running: RunningLive | null];
}

/** The live stream of the room: to an RTMP server, or as HLS. */
export class Live extends Emitter<LiveEvents> {
  readonly #connection: Connection;
  #part: SnapshotPart<'live'> = { running: null, targets: [], hls: false, kbps: 0 };

  constructor({ connection, onServerEvent }: LiveHost) {
    super();
    this.#connection = connection;
    onServerEvent('live.changed', ({ live }) => this.reset({ ...this.#part, running: live }));
  }

  /** Null: there is none. */
  get running(): RunningLive | null {
    return this.#part.running;
  }

  /** Where the room can be streamed to, and what that sends in kbit/s. Who may do it is the right `recording.control`. */
  get choices(): LiveChoices {
    return this.#part;
  }

  /**
   * Starts a stream, which takes a few seconds. Everyone is notified.
   *
   * @throws {CanopyError} FORBIDDEN, TARGET_REFUSED, LIVE_FAILED, LIMIT_REACHED
   */
  start(options: LiveOptions): Promise<unknown> {
    return this.#connection.request('live.start', options);
  }

  /** @throws {CanopyError} FORBIDDEN */
  stop(): Promise<unknown> {
    return this.#connection.request('live.stop', {});
  }

  /** @internal Applies a snapshot. */
  reset(part: SnapshotPart<'live'>): void {
    this.#part = part;
    this.emit('changed', part.running);
  }
}

/** What live streams need from their room. */
export interface LiveHost {
  readonly connection: Connection;
  onServerEvent: RoomSession['onServerEvent'];
}
