import { EventEmitter } from 'node:events';
import { CanopyError, type Logger } from '../../base/index.ts';
import type { BridgeSession, BridgeSource } from '../../client/sdk/index.ts';
import { MediaSocket, type MediaUdp } from '../media/index.ts';
import { SteadyClock } from '../steady-clock.ts';
import { arrangeTiles, type ShownVideo } from './arrange-tiles.ts';
import { type Composition, Compositor, type InputStream, liveError, type PlacedTile } from './compositor.ts';

export interface RoomBroadcasterOptions {
  roomId: string;
  composition: Composition;
  /** Shared by all rooms of this process. */
  udp: MediaUdp;
  join(roomId: string): Promise<BridgeSession>;
  log: Logger;
}

interface RoomBroadcasterEvents {
  /** The output was interrupted (false), or goes on (true). */
  flowing: [boolean];
  /** The room was lost, or the output failed too often. */
  ended: [CanopyError];
}

const CODECS: Readonly<Record<string, InputStream['codec']>> = {
  'audio/opus': 'opus',
  'video/vp8': 'vp8',
  'video/vp9': 'vp9',
  'video/h264': 'h264',
};
/** How long the first output may take to start, in milliseconds. */
const START_MS = 20_000;
/** Delays before an output that failed is tried again, in milliseconds; after the last one it ends. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
/** An output that has flowed for this long, in milliseconds, is tried again as often as the first time. */
const STEADY_MS = 60_000;
/** Shortest time between two requests for a key frame of a stream, in milliseconds. */
const KEY_FRAME_MS = 1_000;

interface Received extends ShownVideo {
  codec: InputStream['codec'];
  askedMs: number;
}

/**
 * Sends a room's composed picture and sound out: an ordinary peer that receives what a page with these tiles would, and a compositor, which is
 * started again if it fails. Owns its session, its socket and the compositor.
 */
export class RoomBroadcaster extends EventEmitter<RoomBroadcasterEvents> {
  readonly #options: RoomBroadcasterOptions;
  readonly #log: Logger;
  readonly #session: BridgeSession;
  readonly #socket: MediaSocket;
  readonly #received = new Map<string, Received>();
  #numbers = 0;
  #compositor: Compositor | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: RoomBroadcasterOptions, session: BridgeSession, socket: MediaSocket) {
    super();
    this.#options = options;
    this.#log = options.log.child({ roomId: options.roomId });
    this.#session = session;
    this.#socket = socket;
  }

  /** Enters the room. Resolves when the output flows. @throws {CanopyError} LIVE_FAILED, and as joining does */
  static async start(options: RoomBroadcasterOptions): Promise<RoomBroadcaster> {
    const socket = await MediaSocket.open(options.udp, new SteadyClock());
    try {
      const session = await options.join(options.roomId);
      const broadcaster = new RoomBroadcaster(options, session, socket);
      await broadcaster.#open();
      return broadcaster;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Leaves the room and ends the output. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearTimeout(this.#retry);
    await Promise.all([this.#compositor?.stop(), this.#session.leave()]);
    this.#socket.close();
  }

  async #open(): Promise<void> {
    const session = this.#session;
    session.on('source', (source) => this.#add(source));
    session.on('source-ended', (source) => this.#remove(source));
    session.on('speaker', () => this.#arrange());
    session.on('error', (error) => this.#log.warn({ err: error }, 'live error'));
    session.on('state', (state, error) => {
      if (state === 'closed') {
        this.#end(error ?? new CanopyError('ROOM_NOT_JOINED'));
      }
    });
    try {
      this.#arrange();
      await this.#socket.receive(session);
      await this.#compose();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Starts a compositor. Resolves when its output flows. @throws {CanopyError} LIVE_FAILED */
  async #compose(): Promise<void> {
    const compositor = new Compositor(this.#options.composition);
    this.#compositor = compositor;
    const flowing = Promise.withResolvers<void>();
    const timer = setTimeout(() => flowing.reject(liveError('the output did not start')), START_MS);
    let flowedMs: number | undefined;
    compositor.on('flowing', () => {
      flowedMs = performance.now();
      flowing.resolve();
    });
    compositor.on('keyFrame', (number) => this.#requestKeyFrame(number));
    compositor.on('inputFailed', (number, reason) =>
      this.#log.warn({ number, reason }, 'a stream is not shown'),
    );
    compositor.on('ended', (reason) => {
      flowing.reject(liveError(reason));
      if (flowedMs !== undefined) {
        this.#failures = performance.now() - flowedMs > STEADY_MS ? 0 : this.#failures;
        this.#interrupted(reason);
      }
    });
    for (const received of this.#received.values()) {
      compositor.addInput(received.number, inputOf(received));
    }
    this.#arrange();
    try {
      await flowing.promise;
    } catch (error) {
      await compositor.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tries again, after growing delays. */
  #interrupted(reason: string): void {
    if (this.#closed) {
      return;
    }
    this.#compositor = undefined;
    const delayMs = RETRY_MS[this.#failures];
    this.#failures += 1;
    if (delayMs === undefined) {
      this.#end(liveError(reason));
      return;
    }
    this.#log.warn({ reason, delayMs }, 'the live output was interrupted; it is tried again');
    this.emit('flowing', false);
    this.#retry = setTimeout(() => {
      this.#compose().then(
        () => this.emit('flowing', true),
        (error: CanopyError) => this.#interrupted(error.detail ?? error.message),
      );
    }, delayMs);
  }

  #end(error: CanopyError): void {
    if (!this.#closed) {
      void this.close();
      this.emit('ended', error);
    }
  }

  #add(source: BridgeSource): void {
    const codec = CODECS[source.mimeType];
    if (codec === undefined || this.#closed) {
      return;
    }
    this.#numbers = (this.#numbers + 1) % 65_536;
    const number = this.#numbers;
    const name = this.#session.participants.get(source.participantId)?.displayName ?? '';
    const received: Received = { number, source, name, codec, askedMs: 0 };
    this.#received.set(source.consumerId, received);
    this.#compositor?.addInput(number, inputOf(received));
    this.#socket.routeRaw(source.ssrc, (rtp) => this.#compositor?.packet(number, rtp));
    this.#arrange();
  }

  #remove(source: BridgeSource): void {
    const received = this.#received.get(source.consumerId);
    this.#socket.unroute(source.ssrc);
    this.#received.delete(source.consumerId);
    if (received) {
      this.#compositor?.removeInput(received.number);
      this.#arrange();
    }
  }

  /** Tells the compositor which pictures to show where, and the server how large. */
  #arrange(): void {
    const { width, height } = this.#options.composition;
    const { speaker } = this.#session;
    const videos = [...this.#received.values()].filter(({ source }) => source.kind === 'video');
    const tiles = arrangeTiles(videos, { speaker, width, height });
    this.#compositor?.place(tiles);
    if (this.#session.state !== 'closed') {
      this.#session.setLayout({ tiles: tiles.flatMap((tile) => this.#tileOf(tile)) });
    }
  }

  #tileOf({ number, width, height }: PlacedTile) {
    const shown = [...this.#received.values()].find((each) => each.number === number);
    if (!shown || (shown.source.source !== 'camera' && shown.source.source !== 'screen')) {
      return [];
    }
    return [{ participantId: shown.source.participantId, source: shown.source.source, width, height }];
  }

  #requestKeyFrame(number: number): void {
    const received = [...this.#received.values()].find((each) => each.number === number);
    const nowMs = performance.now();
    if (received && nowMs - received.askedMs > KEY_FRAME_MS) {
      received.askedMs = nowMs;
      this.#session.requestKeyFrame(received.source).catch(() => {});
    }
  }
}

function inputOf({ codec, source: { clockRate, payloadType } }: Received): InputStream {
  return { codec, clockRate, payloadType };
}
