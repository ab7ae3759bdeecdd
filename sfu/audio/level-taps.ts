import type { Consumer, DirectTransport, Producer, Router } from 'mediasoup/types';
import { answered } from '../worker-errors.ts';
import { LevelReader } from './level-reader.ts';

/** A packet seen here costs this process some 15 µs, so a flood must end in the worker. Opus sends 50 a second, 400 at the very most. */
const MAX_PACKETS = 500;
const WINDOW_MS = 1000;

const LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/**
 * Lets this process see each packet of a room's microphones, for its level: one DirectTransport a room, one consumer on it for each
 * microphone. mediasoup's own observers look four times a second at most. Owned by RoomAudio; a producer
 * closes its tap.
 */
export class LevelTaps {
  readonly #router: Router;
  readonly #transport: DirectTransport;
  readonly #taps = new Set<Consumer>();

  static async create(router: Router): Promise<LevelTaps> {
    return new LevelTaps(router, await answered(router.createDirectTransport()));
  }

  private constructor(router: Router, transport: DirectTransport) {
    this.#router = router;
    this.#transport = transport;
  }

  /** Taps that are open. */
  get count(): number {
    return this.#taps.size;
  }

  /** Closes the transport and the taps on it. Idempotent. */
  close(): void {
    this.#transport.close();
  }

  /**
   * Tells the level of every packet, in dBov, until the producer closes; of a flood only its beginning, again and again.
   * @throws {CanopyError} PRODUCER_UNKNOWN - when it closed meanwhile
   */
  async open(producer: Producer, listener: (dbov: number, nowMs: number) => void): Promise<void> {
    const { rtpCapabilities } = this.#router;
    const consuming = this.#transport.consume({ producerId: producer.id, rtpCapabilities });
    const tap = await answered(consuming, 'PRODUCER_UNKNOWN');
    // It would close by itself too, but only once the worker has said so.
    producer.observer.once('close', () => tap.close());
    if (producer.closed) tap.close();
    if (tap.closed) return;
    const extension = tap.rtpParameters.headerExtensions?.find(({ uri }) => uri === LEVEL_URI);
    const reader = new LevelReader(extension?.id);
    this.#taps.add(tap);
    let pause: NodeJS.Timeout | undefined;
    tap.observer.once('close', () => {
      this.#taps.delete(tap);
      clearTimeout(pause);
    });
    let windowEndMs = 0;
    let packets = 0;
    tap.on('rtp', (packet) => {
      const nowMs = performance.now();
      if (nowMs >= windowEndMs) {
        windowEndMs = nowMs + WINDOW_MS;
        packets = 0;
      }
      packets += 1;
      if (packets === MAX_PACKETS) {
        // Both fail only when the tap is gone.
        tap.pause().catch(() => undefined);
        pause = setTimeout(() => tap.resume().catch(() => undefined), WINDOW_MS);
      }
      if (packets >= MAX_PACKETS) return;
      const dbov = reader.read(packet, nowMs);
      if (dbov !== undefined) listener(dbov, nowMs);
    });
  }
}
