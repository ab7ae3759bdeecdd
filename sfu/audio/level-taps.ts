import type { Consumer, DirectTransport, Producer, Router } from 'mediasoup/types';
import { answered } from '../worker-errors.ts';
import { LevelReader } from './level-reader.ts';

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

  /** Tells the level of every packet, in dBov, until the producer closes. @throws CanopyError PRODUCER_UNKNOWN when it closed meanwhile. */
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
    tap.observer.once('close', () => this.#taps.delete(tap));
    tap.on('rtp', (packet) => {
      const nowMs = performance.now();
      const dbov = reader.read(packet, nowMs);
      if (dbov !== undefined) listener(dbov, nowMs);
    });
  }
}
