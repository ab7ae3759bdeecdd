import type { Consumer, DirectTransport, Producer, Router } from 'mediasoup/types';
import { answered } from '../worker-errors.ts';
import { LevelReader } from './level-reader.ts';

/**
 * Maximum packets per microphone and second: each costs this process some 15 µs, so a flood must be stopped in the worker. Opus sends 50
 * per second, 400 at most.
 */
const MAX_PACKETS = 500;
const WINDOW_MS = 1000;

const LEVEL_URI = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/**
 * Lets this process see every packet of a room's microphones, for its level: one DirectTransport per room, with one consumer per
 * microphone. mediasoup's own observers report at most four times per second. Owned by RoomAudio; each tap closes with its producer.
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

  /** Number of open taps. */
  get count(): number {
    return this.#taps.size;
  }

  /** Closes the transport and the taps on it. Idempotent. */
  close(): void {
    this.#transport.close();
  }

  /**
   * Reports the level of every packet, in dBov, until the producer closes. During a flood, only the first packets of each interval.
   * @throws {CanopyError} PRODUCER_UNKNOWN - when it has closed meanwhile
   */
  async open(producer: Producer, listener: (dbov: number, nowMs: number) => void): Promise<void> {
    const { rtpCapabilities } = this.#router;
    const consuming = this.#transport.consume({ producerId: producer.id, rtpCapabilities });
    const tap = await answered(consuming, 'PRODUCER_UNKNOWN');
    // mediasoup would close it too, but only once the worker has notified us.
    producer.observer.once('close', () => tap.close());
    if (producer.closed) {
      tap.close();
    }
    if (tap.closed) {
      return;
    }
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
        // These fail only if the tap has closed.
        tap.pause().catch(() => undefined);
        pause = setTimeout(() => tap.resume().catch(() => undefined), WINDOW_MS);
      }
      if (packets >= MAX_PACKETS) {
        return;
      }
      const dbov = reader.read(packet, nowMs);
      if (dbov !== undefined) {
        listener(dbov, nowMs);
      }
    });
  }
}
