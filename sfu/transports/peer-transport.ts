import type { Consumer, Producer, RtpCapabilities, RtpParameters, Transport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import type { Tell } from '../tell.ts';
import type { Direction, MediaKind } from '../types.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';
import type { TrafficMeter } from './traffic-meter.ts';

/**
 * The least time between two key frames that a sender is asked for, in milliseconds, for each of its streams: whoever asks, many that join
 * at once get one together. Each costs as much as half a second of video. Browsers pass over what comes within 300 ms, and the worker
 * asks again only after a second, so that all who wait see nothing meanwhile: a request may be late by the difference, on a network or in
 * a busy sender (seen: 60 ms). Not more than necessary: of changes to larger layers in a row some need a second key frame, as
 * timestamps have drifted too far for the first one.
 */
const KEY_FRAME_REQUEST_DELAY_MS = 380;

export interface PeerTransportOptions {
  roomId: string;
  peerId: string;
  direction: Direction;
  /** What the client can receive; needed to consume. */
  rtpCapabilities: RtpCapabilities | undefined;
  worker: MediaWorker;
  meter: TrafficMeter;
  tell: Tell;
  /** Its bandwidth estimation fell, or rose where something was missing. */
  estimateChanged(): void;
  /** Its bandwidth estimation fell to a fraction of what was sent. */
  estimateCollapsed(): void;
  /** Its client is reachable again, or over another path. */
  pathChanged(): void;
}

/** A peer's transport of one direction, of either kind: what it carries, and its traffic. Owned by Peer. */
export abstract class PeerTransport {
  readonly direction: Direction;
  protected readonly options: PeerTransportOptions;
  readonly #transport: Transport;
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(transport: Transport, options: PeerTransportOptions) {
    this.#transport = transport;
    this.options = options;
    this.direction = options.direction;
  }

  get id(): string {
    return this.#transport.id;
  }

  get closed(): boolean {
    return this.#transport.closed;
  }

  /** The worker that it is on. */
  get worker(): MediaWorker {
    return this.options.worker;
  }

  async produce(options: {
    kind: MediaKind;
    rtpParameters: RtpParameters;
    paused: boolean;
  }): Promise<Producer> {
    if (this.direction !== 'send') throw new CanopyError('MEDIA_REJECTED', 'the transport is for receiving');
    return this.answered(
      this.#transport.produce({ ...options, keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS }),
    );
  }

  async consume(producerId: string): Promise<Consumer> {
    const { rtpCapabilities } = this.options;
    if (!rtpCapabilities) throw new CanopyError('MEDIA_REJECTED', 'the transport is for sending');
    const consuming = this.#transport.consume({ producerId, rtpCapabilities, paused: true });
    return this.answered(consuming, 'PRODUCER_UNKNOWN');
  }

  /** Brings the traffic meter up to date; never rejects. */
  async measure(): Promise<void> {
    try {
      const [stats] = (await this.#transport.getStats()) as Array<{
        bytesReceived: number;
        bytesSent: number;
      }>;
      if (!stats) return;
      this.options.meter.add(
        Math.max(0, stats.bytesReceived - this.#receivedBytes),
        Math.max(0, stats.bytesSent - this.#sentBytes),
      );
      this.#receivedBytes = Math.max(this.#receivedBytes, stats.bytesReceived);
      this.#sentBytes = Math.max(this.#sentBytes, stats.bytesSent);
    } catch {
      // Closed in the meantime.
    }
  }

  /** What the network towards the client can carry, as used in current decisions, in bits per second; null: unknown, or enough. */
  takeEstimate(): number | null {
    return null;
  }

  /** Sets the maximum of its bandwidth estimation, and how much is needed, in bits per second. Does not wait. */
  setMaxOutgoing(_mostBps: number, _neededBps: number): void {}

  /** Closes it and what it carries. Idempotent. */
  close(): void {
    if (this.closed) return;
    // The worker answers in order: this still gets the last bytes.
    this.options.meter.await(this.measure());
    this.#transport.close();
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN - when it closed while the worker answered */
  assertOpen(): void {
    if (this.closed) throw new CanopyError('TRANSPORT_UNKNOWN', 'closed in the meantime');
  }

  /** The answer of the worker, or why there is none. */
  protected async answered<T>(
    request: Promise<T>,
    unknown: 'TRANSPORT_UNKNOWN' | 'PRODUCER_UNKNOWN' = 'TRANSPORT_UNKNOWN',
  ) {
    try {
      return await answered(request, unknown);
    } catch (error) {
      if (this.options.worker.alive) this.assertOpen();
      throw error;
    }
  }
}
