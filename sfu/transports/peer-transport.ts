import type { Consumer, Producer, RtpCapabilities, RtpParameters, Transport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import type { Emit } from '../emit.ts';
import type { Direction, MediaKind } from '../types.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';
import type { TrafficMeter } from './traffic-meter.ts';

/**
 * Minimum time between key frame requests per stream, in milliseconds, so that many people joining at once share one: each costs as much as
 * half a second of video. Browsers ignore requests within 300 ms of the last, and the worker repeats a request only after a second, during
 * which everyone waiting sees nothing. So a request may be late by the difference, because of the network or a busy sender (observed: 60
 * ms). It is not longer because some switches to a larger layer need a second key frame, after timestamps have drifted too far for the
 * first.
 */
const KEY_FRAME_REQUEST_DELAY_MS = 380;

export interface PeerTransportOptions {
  roomId: string;
  peerId: string;
  direction: Direction;
  /** What the client can receive; required to consume. */
  rtpCapabilities: RtpCapabilities | undefined;
  worker: MediaWorker;
  meter: TrafficMeter;
  emit: Emit;
  /** The bandwidth estimate fell, or rose after it was a limit. */
  estimateChanged(): void;
  /** The bandwidth estimate fell to a fraction of what was being sent. */
  estimateCollapsed(): void;
  /** The client is reachable again, or over another path. */
  pathChanged(): void;
}

/** A peer's transport for one direction, WebRTC or plain: what it carries, and its traffic. Owned by Peer. */
export abstract class PeerTransport {
  readonly direction: Direction;
  readonly options: PeerTransportOptions;
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

  /** The worker it is on. */
  get worker(): MediaWorker {
    return this.options.worker;
  }

  async produce(options: {
    kind: MediaKind;
    rtpParameters: RtpParameters;
    paused: boolean;
  }): Promise<Producer> {
    if (this.direction !== 'send') {
      throw new CanopyError('MEDIA_REJECTED', 'this transport can only receive');
    }
    return this.answered(
      this.#transport.produce({ ...options, keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS }),
    );
  }

  /** @param mid - the MID of its packets; default: a new one */
  async consume(producerId: string, mid?: string): Promise<Consumer> {
    const { rtpCapabilities } = this.options;
    if (!rtpCapabilities) {
      throw new CanopyError('MEDIA_REJECTED', 'this transport can only send');
    }
    const consuming = this.#transport.consume({
      ...{ producerId, rtpCapabilities, paused: true },
      ...(mid !== undefined && { mid }),
    });
    return this.answered(consuming, 'PRODUCER_UNKNOWN');
  }

  /** Brings the traffic meter up to date; never rejects. */
  async measure(): Promise<void> {
    try {
      const [stats] = (await this.#transport.getStats()) as Array<{
        bytesReceived: number;
        bytesSent: number;
      }>;
      if (!stats) {
        return;
      }
      this.options.meter.add(
        Math.max(0, stats.bytesReceived - this.#receivedBytes),
        Math.max(0, stats.bytesSent - this.#sentBytes),
      );
      this.#receivedBytes = Math.max(this.#receivedBytes, stats.bytesReceived);
      this.#sentBytes = Math.max(this.#sentBytes, stats.bytesSent);
    } catch {
      // It has closed meanwhile.
    }
  }

  /** Whether what it carries never leaves this host. */
  get isLocal(): boolean {
    return false;
  }

  /** Whether its bandwidth estimate limits decisions, or may do so soon. */
  get isLimited(): boolean {
    return false;
  }

  /** The estimate to use in a decision, in bits per second; null: unknown, or not a limit. */
  takeEstimate(): number | null {
    return null;
  }

  /** Sets the maximum of the bandwidth estimation, and how much is needed, in bits per second. Does not wait. */
  setMaxOutgoing(_maxBps: number, _neededBps: number): void {}

  /** Closes it and what it carries. Idempotent. */
  close(): void {
    if (this.closed) {
      return;
    }
    // The worker handles requests in order, so this still gets the final byte counts.
    this.options.meter.await(this.measure());
    this.#transport.close();
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN - when it closed while the worker was answering */
  assertOpen(): void {
    if (this.closed) {
      throw new CanopyError('TRANSPORT_UNKNOWN', 'closed meanwhile');
    }
  }

  /** Waits for the worker; rejects with a coded error. */
  protected async answered<T>(
    request: Promise<T>,
    unknownCode: 'TRANSPORT_UNKNOWN' | 'PRODUCER_UNKNOWN' = 'TRANSPORT_UNKNOWN',
  ) {
    try {
      return await answered(request, unknownCode);
    } catch (error) {
      if (this.options.worker.alive) {
        this.assertOpen();
      }
      throw error;
    }
  }
}
