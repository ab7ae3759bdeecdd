import type { types } from 'mediasoup-client';
import type { MediaSource, RequestInput, RequestResult } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { FrameTransforms } from './frame-transforms.ts';
import { type Identity, verifyServerBinding } from './identity/index.ts';
import type { MediaEndpoint, PathState } from './media-connectivity.ts';
import { Reconciler } from './reconciler.ts';

export type Direction = 'send' | 'recv';

/** The `appData` of producers: what `producer.create` needs beyond mediasoup's parameters. */
export type ProducerData = { source: MediaSource; paused: boolean; participantId?: string };

export interface LinkOptions {
  connection: Connection;
  identity: Identity;
  device: types.Device;
  iceServers: RTCIceServer[];
  direction: Direction;
  transforms: FrameTransforms;
  /** The server's half, if it exists already. */
  offered: RequestResult<'transport.create'> | undefined;
  /** The network path has changed. */
  onPath(state: PathState, endpoints: readonly MediaEndpoint[]): void;
  /** The transport has closed because it is unusable, and an ICE restart would not help. */
  onBroken(link: TransportLink): void;
  /** The transport has closed because the server refused to connect it. */
  onRefused(link: TransportLink): void;
}

/** Delays between ICE restarts of a transport that stays disconnected. */
const RESTART_BACKOFF = { firstMs: 2000, mostMs: 10_000 };

/**
 * A transport and its upkeep. It is created only if the deployment signed the server's DTLS fingerprint, connects with a fingerprint signed
 * by this device, and restarts ICE when it is disconnected.
 */
export class TransportLink {
  readonly transport: types.Transport;
  readonly #options: LinkOptions;
  readonly #endpoints: readonly MediaEndpoint[];
  /** The answer to `transport.connect`. */
  #connected: Promise<void> = Promise.resolve();
  #wasConnected = false;
  /** The server reported a disconnect, which it may notice before this side does. */
  #serverLost = false;
  readonly #recovery = new Reconciler({
    pass: () => this.#recover(),
    // If the connection or the transport is gone, the state says so.
    onFailure: () => (this.#isHealthy ? 'wait' : 'retry'),
    backoff: RESTART_BACKOFF,
  });

  private constructor(options: LinkOptions, transport: types.Transport, endpoints: readonly MediaEndpoint[]) {
    this.#options = options;
    this.transport = transport;
    this.#endpoints = endpoints;
    transport.on('connect', ({ dtlsParameters }, callback) => {
      // ICE and DTLS begin at once: the server's part is verified, and it accepts no other fingerprint than the one that it is about to get.
      const connected = this.#connect(dtlsParameters);
      connected.catch(() => {
        // After those who wait for the answer have learnt the reason.
        setTimeout(() => this.#drop());
      });
      this.#connected = connected;
      callback();
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, callback, errback) => {
      const { source, paused, participantId } = appData as ProducerData;
      const created = options.connection.request('producer.create', {
        transportId: transport.id,
        kind,
        source,
        rtpParameters: rtpParameters as RequestInput<'producer.create'>['rtpParameters'],
        paused,
        ...(participantId && { participantId }),
      });
      Promise.all([created, this.#connected]).then(
        ([{ producerId }]) => callback({ id: producerId }),
        errback,
      );
    });
    transport.on('connectionstatechange', (state) => {
      this.#reportPath();
      if (state === 'connected') {
        this.#endPause();
      } else if (state === 'disconnected' || state === 'failed') {
        this.recover();
      }
    });
  }

  /**
   * Creates both halves of a transport, or neither: if the local half fails, the server's half is closed.
   *
   * @throws {CanopyError} SERVER_UNVERIFIED - the media keys are not the deployment's; CONFIG_INVALID - the browser rejects the server's
   * TURN or STUN addresses; and the server's refusals
   */
  static async create(options: LinkOptions): Promise<TransportLink> {
    const { connection, device, direction, iceServers, offered, transforms } = options;
    const created =
      offered ??
      (await connection.request(
        'transport.create',
        direction === 'send'
          ? { direction }
          : {
              direction,
              rtpCapabilities: device.recvRtpCapabilities as (RequestInput<'transport.create'> & {
                direction: 'recv';
              })['rtpCapabilities'],
            },
      ));
    try {
      const parameters = {
        id: created.transportId,
        iceParameters: created.iceParameters,
        iceCandidates: created.iceCandidates,
        dtlsParameters: await verifyServerBinding(created, options.identity.deploymentCa),
        iceServers,
        // Not in the standard RTCConfiguration.
        ...(transforms.encodedInsertableStreams && {
          additionalSettings: { encodedInsertableStreams: true } as Partial<RTCConfiguration>,
        }),
      };
      return new TransportLink(options, makeTransport(device, direction, parameters), created.iceCandidates);
    } catch (error) {
      // Otherwise the next attempt would fail with TRANSPORT_EXISTS. Ignore the answer: the server may have closed it already.
      connection.request('transport.close', { transportId: created.transportId }).catch(() => {});
      throw error;
    }
  }

  /** Handles the transport state reported by the server. */
  applyServerState(state: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed'): void {
    if (state === 'failed' || state === 'closed') {
      this.abandon();
      return;
    }
    this.#serverLost = state === 'disconnected';
    this.#reportPath();
    if (this.#serverLost) {
      this.recover();
    } else if (state === 'connected') {
      this.#endPause();
    }
  }

  /** Restarts ICE until the transport is connected. Does nothing if it is connected or new. */
  recover(): void {
    // Another fault during recovery does not shorten the retry delay.
    if (!this.#isHealthy && !this.#recovery.running) {
      this.#recovery.poke();
    }
  }

  /** Something has connected: a recovery that waits looks again. The first connection is not a recovery; its sides connect one by one. */
  #endPause(): void {
    if (this.#recovery.running) {
      this.#recovery.poke();
    }
  }

  /** Resolves when the server has accepted this side's fingerprint. @throws {CanopyError} the refusal of `transport.connect` */
  get accepted(): Promise<void> {
    return this.#connected;
  }

  /** Restarts ICE once (RFC 8445 section 2.4). A transport on which this side cannot is abandoned. */
  async restartIce(): Promise<void> {
    const { connection } = this.#options;
    const { iceParameters } = await connection.request('transport.restartIce', {
      transportId: this.transport.id,
    });
    if (this.transport.closed) {
      return;
    }
    try {
      await this.transport.restartIce({ iceParameters });
    } catch {
      // The server expects the new credentials from now on, so this transport would stay without a connection.
      this.abandon();
    }
  }

  /** Closes the transport and reports it as broken, so that it is replaced. */
  abandon(): void {
    if (this.transport.closed) {
      return;
    }
    this.close();
    this.#options.onBroken(this);
  }

  #drop(): void {
    if (!this.transport.closed) {
      this.close();
      this.#options.onRefused(this);
    }
  }

  close(): void {
    this.transport.close();
    this.#recovery.stop();
  }

  #reportPath(): void {
    const { closed, connectionState } = this.transport;
    if (closed || connectionState === 'new') {
      return;
    }
    const connected = connectionState === 'connected' && !this.#serverLost;
    this.#wasConnected ||= connected;
    const path = connected ? 'connected' : this.#wasConnected ? 'lost' : 'connecting';
    this.#options.onPath(path, this.#endpoints);
  }

  get #isHealthy(): boolean {
    const { closed, connectionState } = this.transport;
    return closed || connectionState === 'new' || (connectionState === 'connected' && !this.#serverLost);
  }

  async #recover(): Promise<void> {
    if (this.#isHealthy) {
      return;
    }
    await this.restartIce();
    // The answer does not mean that the path works yet: keep retrying until the state says so.
    if (!this.#isHealthy) {
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

/** What RTCPeerConnection throws for TURN and STUN addresses that it rejects. */
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
