import type { WebRtcTransport } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { Ceiling, Estimate, LEAST_BPS } from './allocation/index.ts';
import { iceCandidates } from './candidates.ts';
import { checkDtlsParameters } from './guards.ts';
import { PeerTransport, type PeerTransportOptions } from './peer-transport.ts';
import type { ClientDtlsParameters, TransportInfo, TransportState } from './types.ts';

/** Between two times that pictures are begun anew, in milliseconds: each costs key frames. */
const ANEW_INTERVAL_MS = 2000;

/** A transport towards a browser or another WebRTC client. */
export class WebRtcPeerTransport extends PeerTransport {
  readonly #transport: WebRtcTransport;
  #state: TransportState = 'new';
  #connecting = false;
  readonly #estimate = new Estimate();
  readonly #ceiling = new Ceiling();
  #anewAtMs = Number.NEGATIVE_INFINITY;

  constructor(transport: WebRtcTransport, options: PeerTransportOptions) {
    super(transport, options);
    this.#transport = transport;
    transport.on('icestatechange', () => this.#update());
    transport.on('dtlsstatechange', (dtlsState) => {
      if (dtlsState === 'connected') this.#tellCertificate();
      this.#update();
    });
    if (options.direction === 'recv') this.#watchEstimate();
  }

  get info(): TransportInfo {
    const { worker } = this.options;
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
      await this.answered(this.#transport.connect({ dtlsParameters: checked }));
    } catch (error) {
      this.#connecting = false;
      throw error;
    }
  }

  async restartIce(): Promise<TransportInfo['iceParameters']> {
    return { ...(await this.answered(this.#transport.restartIce())) };
  }

  override takeEstimate(): number | null {
    this.#estimate.acted();
    return this.#estimate.limitBps;
  }

  override setMaxOutgoing(mostBps: number, neededBps: number): void {
    this.#estimate.allow(mostBps, neededBps);
    this.#setCeilings(this.#ceiling.aim(mostBps, neededBps));
  }

  #watchEstimate(): void {
    this.#transport.on('trace', (trace) => {
      const fell = this.#estimate.update(trace);
      const { availableBps, collapsed } = this.#estimate;
      const nowMs = performance.now();
      if (availableBps !== null) this.#setCeilings(this.#ceiling.estimated(availableBps, nowMs));
      if (collapsed && nowMs - this.#anewAtMs >= ANEW_INTERVAL_MS) {
        this.#anewAtMs = nowMs;
        this.options.estimateCollapsed();
      }
      if (fell) this.options.estimateFell();
    });
    this.#transport.setMinOutgoingBitrate(LEAST_BPS).catch(() => {});
    this.#transport.enableTraceEvent(['bwe']).catch(() => {});
  }

  #setCeilings(ceilingsBps: readonly number[]): void {
    if (this.closed) return;
    // It fails only when the transport has gone.
    for (const bps of ceilingsBps) this.#transport.setMaxOutgoingBitrate(bps).catch(() => {});
  }

  #update(): void {
    const { iceState, dtlsState } = this.#transport;
    const state = transportState(iceState, dtlsState);
    if (state === this.#state) return;
    this.#state = state;
    const { roomId, peerId, tell } = this.options;
    tell('transportstate', { roomId, peerId, transportId: this.id, state });
  }

  #tellCertificate(): void {
    const { roomId, peerId, tell } = this.options;
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
