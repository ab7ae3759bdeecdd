import type { EventData, Participant, RequestInput, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** A live stream that runs. */
export type RunningLive = NonNullable<EventData<'live.changed'>['live']>;
/** Why a live stream has ended. */
export type LiveEnd = NonNullable<EventData<'live.changed'>['reason']>;
/** Where a room can be streamed to. */
export type LiveChoices = Omit<SnapshotPart<'live'>, 'running'>;
export type LiveOptions = RequestInput<'live.start'>;

export interface LiveEvents {
  /**
   * A live stream started, was interrupted, goes on or ended, or the room was entered again. `by`: undefined if it was the server, or somebody
   * who has left; `reason`: why it has ended.
   */
  changed: [running: RunningLive | null, by: Participant | undefined, reason: LiveEnd | undefined];
}

/** The live stream of the room: to an RTMP server, or as HLS. */
export class Live extends Emitter<LiveEvents> {
  readonly #connection: Connection;
  #part: SnapshotPart<'live'> = { running: null, targets: [], hls: false, kbps: 0, cpuPercent: 0 };

  constructor({ connection, participants, onServerEvent }: LiveHost) {
    super();
    this.#connection = connection;
    onServerEvent('live.changed', ({ live, by, reason }) => {
      this.#part = { ...this.#part, running: live };
      this.emit('changed', live, participants.get(by ?? ''), reason);
    });
  }

  /** Null: there is none. */
  get running(): RunningLive | null {
    return this.#part.running;
  }

  /** Where the room can be streamed to, and what that costs. Who may do it is the right `recording.control`. */
  get choices(): LiveChoices {
    return this.#part;
  }

  /**
   * Starts a stream, which takes a few seconds. Everyone is notified.
   *
   * @throws {CanopyError} FORBIDDEN, ENCRYPTED_ROOM, TARGET_REFUSED, LIVE_RUNNING, LIVE_FAILED, LIMIT_REACHED
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
    this.emit('changed', part.running, undefined, undefined);
  }
}

/** What live streams need from their room. */
export interface LiveHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  onServerEvent: RoomSession['onServerEvent'];
}
