import type { Consumer, Producer, RtpCapabilities, RtpParameters, WebRtcTransport } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { iceCandidates } from './candidates.ts';
import { checkDtlsParameters } from './guards.ts';
import type { MediaWorker } from './media-worker.ts';
import type { Tell } from './tell.ts';
import type { TrafficMeter } from './traffic-meter.ts';
import type { ClientDtlsParameters, Direction, MediaKind, TransportInfo, TransportState } from './types.ts';
import { answered } from './worker-errors.ts';

export interface PeerTransportOptions {
  roomId: string;
  peerId: string;
  direction: Direction;
  /** What the client can receive; needed to consume. */
  rtpCapabilities: RtpCapabilities | undefined;
  worker: MediaWorker;
  meter: TrafficMeter;
  tell: Tell;
}

/** A peer's WebRtcTransport of one direction: its state, and its traffic. Owned by Peer. */
export class PeerTransport {
  readonly direction: Direction;
  readonly #transport: WebRtcTransport;
  readonly #options: PeerTransportOptions;
  #state: TransportState = 'new';
  #connecting = false;
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(transport: WebRtcTransport, options: PeerTransportOptions) {
    this.#transport = transport;
    this.#options = options;
    this.direction = options.direction;
    transport.on('icestatechange', () => this.#update());
    transport.on('dtlsstatechange', (dtlsState) => {
      if (dtlsState === 'connected') this.#tellCertificate();
      this.#update();
    });
  }

  get id(): string {
    return this.#transport.id;
  }

  get closed(): boolean {
    return this.#transport.closed;
  }

  get info(): TransportInfo {
    const { worker } = this.#options;
    const { iceParameters, dtlsParameters } = this.#transport;
    return {
      transportId: this.id,
      workerId: worker.workerId,
      iceParameters: { ...iceParameters },
      iceCandidates: iceCandidates(this.#transport.iceCandidates, worker.listen),
      // One fingerprint only, the one that is signed: no other could be swapped in beside it.
      dtlsParameters: {
        ...dtlsParameters,
        fingerprints: dtlsParameters.fingerprints.filter(({ algorithm }) => algorithm === 'sha-256'),
      },
    };
  }

  /** @throws CanopyError FINGERPRINT_INVALID, TRANSPORT_CONNECTED. */
  async connect(dtlsParameters: ClientDtlsParameters): Promise<void> {
    const checked = checkDtlsParameters(dtlsParameters);
    if (this.#connecting) throw new CanopyError('TRANSPORT_CONNECTED');
    this.#connecting = true;
    try {
      await this.#answered(this.#transport.connect({ dtlsParameters: checked }));
    } catch (error) {
      this.#connecting = false;
      throw error;
    }
  }

  async restartIce(): Promise<TransportInfo['iceParameters']> {
    return { ...(await this.#answered(this.#transport.restartIce())) };
  }

  async produce(options: {
    kind: MediaKind;
    rtpParameters: RtpParameters;
    paused: boolean;
  }): Promise<Producer> {
    if (this.direction !== 'send') throw new CanopyError('MEDIA_REJECTED', 'the transport is for receiving');
    return this.#answered(this.#transport.produce(options));
  }

  async consume(producerId: string): Promise<Consumer> {
    const { rtpCapabilities } = this.#options;
    if (!rtpCapabilities) throw new CanopyError('MEDIA_REJECTED', 'the transport is for sending');
    const consuming = this.#transport.consume({ producerId, rtpCapabilities, paused: true });
    return this.#answered(consuming, 'PRODUCER_UNKNOWN');
  }

  /** Brings the traffic meter up to date; never rejects. */
  async measure(): Promise<void> {
    try {
      const [stats] = await this.#transport.getStats();
      if (!stats) return;
      this.#options.meter.add(
        Math.max(0, stats.bytesReceived - this.#receivedBytes),
        Math.max(0, stats.bytesSent - this.#sentBytes),
      );
      this.#receivedBytes = Math.max(this.#receivedBytes, stats.bytesReceived);
      this.#sentBytes = Math.max(this.#sentBytes, stats.bytesSent);
    } catch {
      // Closed in the meantime.
    }
  }

  /** Closes it and what it carries. Idempotent. */
  close(): void {
    if (this.closed) return;
    // The worker answers in order: this still gets the last bytes.
    this.#options.meter.await(this.measure());
    this.#transport.close();
  }

  /** @throws CanopyError TRANSPORT_UNKNOWN when it closed while the worker answered. */
  assertOpen(): void {
    if (this.closed) throw new CanopyError('TRANSPORT_UNKNOWN', 'closed in the meantime');
  }

  async #answered<T>(
    request: Promise<T>,
    unknown: 'TRANSPORT_UNKNOWN' | 'PRODUCER_UNKNOWN' = 'TRANSPORT_UNKNOWN',
  ) {
    try {
      return await answered(request, unknown);
    } catch (error) {
      if (this.#options.worker.alive) this.assertOpen();
      throw error;
    }
  }

  #update(): void {
    const { iceState, dtlsState } = this.#transport;
    const state = transportState(iceState, dtlsState);
    if (state === this.#state) return;
    this.#state = state;
    const { roomId, peerId, tell } = this.#options;
    tell('transportstate', { roomId, peerId, transportId: this.id, state });
  }

  #tellCertificate(): void {
    const { roomId, peerId, tell } = this.#options;
    const remoteCertificate = this.#transport.dtlsRemoteCert ?? '';
    tell('dtlsconnected', { roomId, peerId, transportId: this.id, remoteCertificate });
  }
}

/** One state of both: media flows when ICE has a pair and DTLS has keys. */
export function transportState(
  iceState: WebRtcTransport['iceState'],
  dtlsState: WebRtcTransport['dtlsState'],
): TransportState {
  if (dtlsState === 'failed' || dtlsState === 'closed') return dtlsState;
  if (iceState === 'disconnected' || iceState === 'closed') return iceState;
  if (dtlsState === 'connected') return 'connected';
  return iceState === 'new' && dtlsState === 'new' ? 'new' : 'connecting';
}
