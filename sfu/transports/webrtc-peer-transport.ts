import type { WebRtcTransport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { checkDtlsParameters } from '../guards.ts';
import type { ClientDtlsParameters, TransportInfo, TransportState } from '../types.ts';
import type { MediaWorker } from '../workers/index.ts';
import { iceCandidates } from './candidates.ts';
import { Ceiling, MIN_BPS } from './ceiling.ts';
import { Estimate } from './estimate.ts';
import { PeerTransport, type PeerTransportOptions } from './peer-transport.ts';

/** Minimum time between two restarts of the videos, in milliseconds: each costs key frames. */
const RESTART_INTERVAL_MS = 2000;
/**
 * An estimate that limits a decision and is older than this, in milliseconds, is queried: the worker delays its traces while streams start
 * and stop, for seconds when many people join.
 */
const STALE_MS = 500;
/**
 * When a new estimation is first queried, and from when it is trusted, in milliseconds after its start. A first burst that a busy process
 * sends or receives slowly may halve it, until a second one, which the worker sends a second later (see Ceiling).
 */
const FIRST_QUERY_MS = 1050;
const TRUSTED_MS = 1500;

/** A transport to a browser or another WebRTC client. */
export class WebRtcPeerTransport extends PeerTransport {
  readonly #transport: WebRtcTransport;
  #state: TransportState = 'new';
  #connecting = false;
  /** Whether ICE was ever connected. */
  #hasPath = false;
  readonly #estimate = new Estimate();
  readonly #ceiling = new Ceiling();
  #restartedAtMs = Number.NEGATIVE_INFINITY;
  #estimatedAtMs = Number.NEGATIVE_INFINITY;
  #started = false;
  #trusted = false;

  constructor(transport: WebRtcTransport, options: PeerTransportOptions) {
    super(transport, options);
    this.#transport = transport;
    transport.on('icestatechange', (iceState) => {
      if (!this.#hasPath && (iceState === 'connected' || iceState === 'completed')) {
        this.#hasPath = true;
        const { roomId, peerId, emit } = options;
        emit('iceconnected', { roomId, peerId, transportId: this.id });
      }
      this.#update();
    });
    transport.on('dtlsstatechange', (dtlsState) => {
      if (dtlsState === 'connected') {
        this.#emitCertificate();
      }
      this.#update();
    });
    if (options.direction === 'recv') {
      this.#watchEstimate();
      transport.on('iceselectedtuplechange', () => {
        if (this.#state === 'connected') {
          options.pathChanged();
        }
      });
    }
  }

  get info(): TransportInfo {
    return transportInfo(this.#transport, this.options.worker);
  }

  /** @throws {CanopyError} FINGERPRINT_INVALID, TRANSPORT_CONNECTED */
  async connect(dtlsParameters: ClientDtlsParameters): Promise<void> {
    const checked = checkDtlsParameters(dtlsParameters);
    if (this.#connecting) {
      throw new CanopyError('TRANSPORT_CONNECTED');
    }
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

  override get isLimited(): boolean {
    return !this.#trusted || this.#estimate.limitBps !== null;
  }

  override takeEstimate(): number | null {
    if (!this.#trusted) {
      return null;
    }
    this.#estimate.acted();
    const { limitBps } = this.#estimate;
    if (limitBps !== null && performance.now() - this.#estimatedAtMs >= STALE_MS) {
      void this.#queryEstimate();
    }
    return limitBps;
  }

  override setMaxOutgoing(maxBps: number, neededBps: number): void {
    this.#estimate.allow(maxBps, neededBps);
    this.#setCeilings(this.#ceiling.aim(maxBps, neededBps));
  }

  #watchEstimate(): void {
    this.#transport.on('trace', ({ type, info }) => {
      if (type === 'bwe') {
        this.#estimated((info as { availableBitrate: number }).availableBitrate);
      }
    });
    this.#transport.setMinOutgoingBitrate(MIN_BPS).catch(() => {});
    this.#transport.enableTraceEvent(['bwe']).catch(() => {});
  }

  async #queryEstimate(): Promise<void> {
    this.#estimatedAtMs = performance.now();
    try {
      const [stats] = await this.#transport.getStats();
      if (stats?.availableOutgoingBitrate) {
        this.#estimated(stats.availableOutgoingBitrate);
      }
    } catch {
      // It has closed meanwhile.
    }
  }

  #estimated(availableBps: number): void {
    const nowMs = performance.now();
    this.#estimatedAtMs = nowMs;
    if (!this.#started) {
      this.#start();
    }
    this.#setCeilings(this.#ceiling.estimated(availableBps, nowMs));
    const changed = this.#estimate.update(availableBps);
    if (this.#estimate.collapsed && nowMs - this.#restartedAtMs >= RESTART_INTERVAL_MS) {
      this.#restartedAtMs = nowMs;
      this.options.estimateCollapsed();
    }
    if (changed && this.#trusted) {
      this.options.estimateChanged();
    }
  }

  #start(): void {
    this.#started = true;
    setTimeout(() => void this.#queryEstimate(), FIRST_QUERY_MS).unref();
    setTimeout(() => {
      this.#trusted = true;
      void this.#queryEstimate();
    }, TRUSTED_MS).unref();
  }

  #setCeilings(ceilingsBps: readonly number[]): void {
    if (this.closed) {
      return;
    }
    // Fails only if the transport has closed.
    for (const bps of ceilingsBps) {
      this.#transport.setMaxOutgoingBitrate(bps).catch(() => {});
    }
  }

  #update(): void {
    const { iceState, dtlsState } = this.#transport;
    const state = transportState(iceState, dtlsState);
    if (state === this.#state) {
      return;
    }
    const isBack = this.#state === 'disconnected' && state === 'connected';
    this.#state = state;
    if (isBack && this.options.direction === 'recv') {
      this.options.pathChanged();
    }
    const { roomId, peerId, emit } = this.options;
    emit('transportstate', { roomId, peerId, transportId: this.id, state });
  }

  #emitCertificate(): void {
    const { roomId, peerId, emit } = this.options;
    const remoteCertificate = this.#transport.dtlsRemoteCert ?? '';
    emit('dtlsconnected', { roomId, peerId, transportId: this.id, remoteCertificate });
  }
}

/** What a client needs to connect to a worker's transport. */
export function transportInfo(
  { id, iceParameters, iceCandidates: candidates, dtlsParameters }: WebRtcTransport,
  { workerId, listen, announced }: MediaWorker,
): TransportInfo {
  return {
    transportId: id,
    workerId,
    iceParameters: { ...iceParameters },
    iceCandidates: iceCandidates(candidates, listen, announced),
    // Offer only the signed fingerprint: a proxy could replace an unsigned one.
    dtlsParameters: {
      ...dtlsParameters,
      fingerprints: dtlsParameters.fingerprints.filter(({ algorithm }) => algorithm === 'sha-256'),
    },
  };
}

/** Combines both states: media flows when ICE has a pair and DTLS has keys. */
export function transportState(
  iceState: WebRtcTransport['iceState'],
  dtlsState: WebRtcTransport['dtlsState'],
): TransportState {
  if (dtlsState === 'failed' || dtlsState === 'closed') {
    return dtlsState;
  }
  if (iceState === 'disconnected' || iceState === 'closed') {
    return iceState;
  }
  if (dtlsState === 'connected') {
    return 'connected';
  }
  return iceState === 'new' && dtlsState === 'new' ? 'new' : 'connecting';
}
