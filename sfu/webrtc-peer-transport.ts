import type { WebRtcTransport } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { Estimate } from './allocation/index.ts';
import { iceCandidates } from './candidates.ts';
import { checkDtlsParameters } from './guards.ts';
import { PeerTransport, type PeerTransportOptions } from './peer-transport.ts';
import type { ClientDtlsParameters, TransportInfo, TransportState } from './types.ts';

/** The least that mediasoup takes for a ceiling of what is sent, in bits a second. */
const LEAST_CEILING_BPS = 30_000;
/** A ceiling that changes by less than this share stays: each change makes the estimation probe anew. */
const CEILING_STEP = 0.05;

/** A transport towards a browser or another WebRTC client. */
export class WebRtcPeerTransport extends PeerTransport {
  readonly #transport: WebRtcTransport;
  #state: TransportState = 'new';
  #connecting = false;
  readonly #estimate = new Estimate();
  #ceilingBps = 0;

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

  override setMaxOutgoing(bitrateBps: number): void {
    const ceilingBps = Math.max(LEAST_CEILING_BPS, Math.round(bitrateBps));
    if (this.closed || Math.abs(ceilingBps - this.#ceilingBps) <= this.#ceilingBps * CEILING_STEP) return;
    this.#ceilingBps = ceilingBps;
    // It fails only when the transport has gone.
    this.#transport.setMaxOutgoingBitrate(ceilingBps).catch(() => {});
  }

  #watchEstimate(): void {
    this.#transport.on('trace', (trace) => {
      if (this.#estimate.update(trace)) this.options.estimateFell();
    });
    this.#transport.enableTraceEvent(['bwe']).catch(() => {});
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
