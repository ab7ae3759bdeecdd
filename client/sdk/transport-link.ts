import type { types } from 'mediasoup-client';
import type { MediaSource, RequestInput } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { FrameTransforms } from './frame-transforms.ts';
import { type Identity, verifyServerBinding } from './identity/index.ts';
import type { MediaEndpoint, PathState } from './media-connectivity.ts';
import { Reconciler } from './reconciler.ts';

export type Direction = 'send' | 'recv';

/** What a producer says of itself to the server. */
export type ProducerData = { source: MediaSource; paused: boolean; participantId?: string };

export interface LinkOptions {
  connection: Connection;
  identity: Identity;
  device: types.Device;
  iceServers: RTCIceServer[];
  direction: Direction;
  transforms: FrameTransforms;
  /** Whether media gets through may have changed. */
  onPath(state: PathState, endpoints: readonly MediaEndpoint[]): void;
  /** The transport cannot be used any more, though ICE might; it has closed itself. */
  onBroken(link: TransportLink): void;
}

/** Delays between ICE restarts of a transport that stays disconnected. */
const RESTART_BACKOFF = { firstMs: 2000, mostMs: 10_000 };

/** One transport: made only with media keys that the deployment signed, connected with a signed fingerprint, kept alive by ICE restarts. */
export class TransportLink {
  readonly transport: types.Transport;
  readonly #options: LinkOptions;
  readonly #endpoints: readonly MediaEndpoint[];
  #wasConnected = false;
  /** The server's view of the transport; it may notice a dead path before this side does. */
  #serverLost = false;
  readonly #recovery = new Reconciler({
    pass: () => this.#recover(),
    // The connection or the transport may be gone; then the state says so.
    onFailure: () => (this.#healthy ? 'wait' : 'retry'),
    backoff: RESTART_BACKOFF,
  });

  private constructor(options: LinkOptions, transport: types.Transport, endpoints: readonly MediaEndpoint[]) {
    this.#options = options;
    this.transport = transport;
    this.#endpoints = endpoints;
    transport.on('connect', ({ dtlsParameters }, callback, errback) => {
      this.#connect(dtlsParameters).then(callback, errback);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, callback, errback) => {
      const { source, paused, participantId } = appData as ProducerData;
      options.connection
        .request('producer.create', {
          transportId: transport.id,
          kind,
          source,
          rtpParameters: rtpParameters as RequestInput<'producer.create'>['rtpParameters'],
          paused,
          ...(participantId && { participantId }),
        })
        .then(({ producerId }) => callback({ id: producerId }), errback);
    });
    transport.on('connectionstatechange', (state) => {
      this.#tellPath();
      if (state === 'connected') {
        this.#recovery.poke();
      } else if (state === 'disconnected' || state === 'failed') {
        this.recover();
      }
    });
  }

  /**
   * Creates both halves of a transport, or neither: if this side's fails, the server's is closed again.
   *
   * @throws {CanopyError} SERVER_UNVERIFIED - the media keys are not the deployment's; CONFIG_INVALID - the browser refuses the server's TURN
   * or STUN addresses; and the server's own errors
   */
  static async create(options: LinkOptions): Promise<TransportLink> {
    const { connection, device, direction, iceServers, transforms } = options;
    const created = await connection.request(
      'transport.create',
      direction === 'send'
        ? { direction }
        : {
            direction,
            rtpCapabilities: device.recvRtpCapabilities as (RequestInput<'transport.create'> & {
              direction: 'recv';
            })['rtpCapabilities'],
          },
    );
    try {
      const parameters = {
        id: created.transportId,
        iceParameters: created.iceParameters,
        iceCandidates: created.iceCandidates,
        dtlsParameters: await verifyServerBinding(created, options.identity.deploymentCa),
        iceServers,
        // Not in the standard's RTCConfiguration.
        ...(transforms.encodedInsertableStreams && {
          additionalSettings: { encodedInsertableStreams: true } as Partial<RTCConfiguration>,
        }),
      };
      return new TransportLink(options, makeTransport(device, direction, parameters), created.iceCandidates);
    } catch (error) {
      // Otherwise it would be in the way of the next attempt. The answer does not matter: the server may have closed it already.
      connection.request('transport.close', { transportId: created.transportId }).catch(() => {});
      throw error;
    }
  }

  /** Takes note of the server's view of the transport. */
  noticeServerState(state: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed'): void {
    if (state === 'failed' || state === 'closed') {
      this.abandon();
      return;
    }
    this.#serverLost = state === 'disconnected';
    this.#tellPath();
    if (this.#serverLost) {
      this.recover();
    } else if (state === 'connected') {
      this.#recovery.poke();
    }
  }

  /** Restarts ICE again and again until the transport is connected. Does nothing where there is no need. */
  recover(): void {
    // While it is being mended, another fault does not cut the delay short.
    if (!this.#healthy && !this.#recovery.running) {
      this.#recovery.poke();
    }
  }

  /** Restarts ICE once (RFC 8445 section 2.4). */
  async restartIce(): Promise<void> {
    const { connection } = this.#options;
    const { iceParameters } = await connection.request('transport.restartIce', {
      transportId: this.transport.id,
    });
    if (!this.transport.closed) {
      await this.transport.restartIce({ iceParameters });
    }
  }

  /** Closes it so that another takes its place. */
  abandon(): void {
    if (this.transport.closed) {
      return;
    }
    this.close();
    this.#options.onBroken(this);
  }

  close(): void {
    this.transport.close();
    this.#recovery.stop();
  }

  #tellPath(): void {
    const { closed, connectionState } = this.transport;
    if (closed || connectionState === 'new') {
      return;
    }
    const connected = connectionState === 'connected' && !this.#serverLost;
    this.#wasConnected ||= connected;
    const path = connected ? 'connected' : this.#wasConnected ? 'lost' : 'connecting';
    this.#options.onPath(path, this.#endpoints);
  }

  get #healthy(): boolean {
    const { closed, connectionState } = this.transport;
    return closed || connectionState === 'new' || (connectionState === 'connected' && !this.#serverLost);
  }

  async #recover(): Promise<void> {
    if (this.#healthy) {
      return;
    }
    await this.restartIce();
    // The answer is not yet the path.
    if (!this.#healthy) {
      throw new CanopyError('CONNECTION_LOST');
    }
  }

  async #connect({ role, fingerprints }: types.DtlsParameters): Promise<void> {
    const { connection, identity } = this.#options;
    const [fingerprint, ...others] = fingerprints.filter(({ algorithm }) => algorithm === 'sha-256');
    if (!fingerprint || others.length > 0) {
      throw new CanopyError('FINGERPRINT_INVALID');
    }
    const value = fingerprint.value.toUpperCase();
    const transportId = this.transport.id;
    await connection.request('transport.connect', {
      transportId,
      dtlsParameters: { ...(role && { role }), fingerprints: [{ algorithm: 'sha-256', value }] },
      signature: await identity.bindDtls({ transportId, fingerprint: value }),
    });
  }
}

/** Thrown by RTCPeerConnection for TURN and STUN addresses that it refuses. */
const ADDRESS_ERRORS = ['SyntaxError', 'InvalidAccessError'];

function makeTransport(
  device: types.Device,
  direction: Direction,
  parameters: types.TransportOptions,
): types.Transport {
  try {
    return direction === 'send'
      ? device.createSendTransport(parameters)
      : device.createRecvTransport(parameters);
  } catch (cause) {
    if (!(cause instanceof Error) || !ADDRESS_ERRORS.includes(cause.name)) {
      throw cause;
    }
    throw new CanopyError('CONFIG_INVALID', `turn.urls or rtc.iceServers: ${cause.message}`, { cause });
  }
}
