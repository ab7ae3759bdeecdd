import { EventEmitter } from 'node:events';
import { CanopyError, type Logger } from '../../base/index.ts';
import type { BridgeSession, BridgeSource } from '../../client/sdk/index.ts';
import { MediaSocket, type MediaUdp } from '../media/index.ts';
import { SteadyClock } from '../steady-clock.ts';
import { type HeardText, type Service, ServiceConnection } from './service-connection.ts';
import { VoiceStream } from './voice-stream.ts';

export interface RoomListenerOptions {
  roomId: string;
  /** Language that is spoken (BCP 47). */
  language: string;
  /** Voices at the same time, at most. */
  maxVoices: number;
  service: Service;
  /** Shared by all rooms of this process. */
  udp: MediaUdp;
  join(roomId: string): Promise<BridgeSession>;
  log: Logger;
}

interface RoomListenerEvents {
  /** What a participant has said. */
  heard: [participantId: string, heard: HeardText];
  /** The service does not answer; it is tried again. */
  failed: [];
  /** The room was lost. */
  ended: [CanopyError];
}

/** Interval of the streams' tick(), in milliseconds. */
const TICK_MS = 100;
/** Without packets for this long, in milliseconds, a voice gives its place to another one. */
const IDLE_MS = 60_000;

interface Listened {
  source: BridgeSource;
  stream: VoiceStream;
  connection: ServiceConnection;
  heardMs: number;
}

/**
 * Passes the voices of a room to a transcription service: an ordinary peer that receives what a page would. A voice takes a place with its first
 * packet. Owns its session, its socket and its connections.
 */
export class RoomListener extends EventEmitter<RoomListenerEvents> {
  readonly #options: RoomListenerOptions;
  readonly #log: Logger;
  readonly #session: BridgeSession;
  readonly #socket: MediaSocket;
  readonly #time: SteadyClock;
  readonly #voices = new Map<string, Promise<Listened | undefined>>();
  readonly #listened = new Set<Listened>();
  readonly #timer: NodeJS.Timeout;
  #hasWarned = false;
  #closed = false;

  private constructor(
    options: RoomListenerOptions,
    { session, socket, time }: { session: BridgeSession; socket: MediaSocket; time: SteadyClock },
  ) {
    super();
    this.#options = options;
    this.#log = options.log.child({ roomId: options.roomId });
    this.#session = session;
    this.#socket = socket;
    this.#time = time;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Enters the room and listens from now on. @throws {CanopyError} as joining does */
  static async start(options: RoomListenerOptions): Promise<RoomListener> {
    const time = new SteadyClock();
    const socket = await MediaSocket.open(options.udp, time);
    try {
      const session = await options.join(options.roomId);
      const listener = new RoomListener(options, { session, socket, time });
      await listener.#open();
      return listener;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Leaves the room. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#session.leave();
    await Promise.all([...this.#voices.values()].map(async (voice) => this.#drop(await voice)));
    this.#socket.close();
  }

  async #open(): Promise<void> {
    const session = this.#session;
    session.on('source', (source) => this.#await(source));
    session.on('source-ended', (source) => void this.#end(source));
    session.on('error', (error) => this.#log.warn({ err: error }, 'caption error'));
    session.on('state', (state, error) => {
      if (state === 'closed' && !this.#closed) {
        void this.close();
        this.emit('ended', error ?? new CanopyError('ROOM_NOT_JOINED'));
      }
    });
    try {
      await this.#socket.receive(session);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Listens once the source sends something. */
  #await(source: BridgeSource): void {
    if (source.mimeType !== 'audio/opus' || this.#closed) {
      return;
    }
    this.#socket.route(source.ssrc, {
      packet: (packet, nowMs) => {
        if (this.#voices.size < this.#options.maxVoices) {
          this.#socket.unroute(source.ssrc);
          const listened = this.#listen(source);
          this.#voices.set(source.consumerId, listened);
          void listened.then((voice) => voice?.stream.packet(packet, nowMs));
        }
      },
      report: () => {},
    });
  }

  async #listen(source: BridgeSource): Promise<Listened | undefined> {
    const { roomId, service, language } = this.#options;
    const { participantId, consumerId, ssrc } = source;
    const { displayName = '' } = this.#session.participants.get(participantId) ?? {};
    const connection = new ServiceConnection({
      service,
      voice: { roomId, participantId, displayName, language },
      heard: (heard) => {
        this.#hasWarned = false;
        if (!this.#closed) {
          this.emit('heard', participantId, heard);
        }
      },
      failed: (reason) => this.#failed(reason),
    });
    const stream = await VoiceStream.open((samples) => connection.send(samples));
    const listened: Listened = { source, stream, connection, heardMs: this.#time.now() };
    this.#listened.add(listened);
    if (this.#closed || !this.#voices.has(consumerId)) {
      this.#drop(listened);
      return undefined;
    }
    this.#socket.route(ssrc, {
      packet: (packet, nowMs) => {
        listened.heardMs = nowMs;
        stream.packet(packet, nowMs);
      },
      report: () => {},
    });
    return listened;
  }

  async #end(source: BridgeSource): Promise<void> {
    this.#socket.unroute(source.ssrc);
    const voice = this.#voices.get(source.consumerId);
    this.#voices.delete(source.consumerId);
    this.#drop(await voice);
  }

  #drop(listened: Listened | undefined): void {
    if (listened && this.#listened.delete(listened)) {
      listened.stream.close();
      listened.connection.close();
    }
  }

  #tick(): void {
    const nowMs = this.#time.now();
    for (const listened of [...this.#listened]) {
      listened.stream.tick(nowMs);
      if (nowMs - listened.heardMs > IDLE_MS) {
        void this.#end(listened.source).then(() => this.#await(listened.source));
      }
    }
  }

  /** Warns once until the service is heard from again. */
  #failed(reason: string): void {
    if (!this.#hasWarned && !this.#closed) {
      this.#hasWarned = true;
      this.#log.warn({ reason }, 'the transcription service does not answer; it is tried again');
      this.emit('failed');
    }
  }
}
