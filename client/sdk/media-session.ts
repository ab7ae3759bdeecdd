import type { types } from 'mediasoup-client';
import type { ConsumerInfo, RequestResult } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { FrameTransforms, ReceivedMedia, TransformedMedia } from './frame-transforms.ts';
import type { Identity } from './identity/index.ts';
import { ConnectivityMonitor, type MediaConnectivity } from './media-connectivity.ts';
import type { VideoCodec } from './profiles.ts';
import { type Direction, TransportLink } from './transport-link.ts';

export interface MediaSessionOptions {
  connection: Connection;
  identity: Identity;
  /** Already loaded with the router's capabilities. */
  device: types.Device;
  iceServers: RTCIceServer[];
  transforms: FrameTransforms;
  /** Transports that the server has created already. */
  offered: OfferedTransports | undefined;
  /** A transport broke: its producers or consumers must be recreated. */
  onBroken(direction: Direction): void;
  /** Media in this direction started or stopped getting through. */
  onConnectivity(direction: Direction, connectivity: MediaConnectivity): void;
}

/** A codec's name without its kind, such as `vp9`. */
export function codecName(mimeType = ''): string {
  return mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase();
}

type OfferedTransports = Record<Direction, RequestResult<'transport.create'>>;

/** A peer's media at one home of its room: at most one transport per direction, each created when first needed. */
export class MediaSession {
  readonly device: types.Device;
  readonly #options: MediaSessionOptions;
  readonly #links = new Map<Direction, Promise<TransportLink>>();
  /** Those of the offered transports that are not in use yet. */
  readonly #offered: Partial<OfferedTransports>;
  /** The links whose creation has finished. */
  readonly #ready = new Map<Direction, TransportLink>();
  readonly #monitors: Record<Direction, ConnectivityMonitor>;
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    const monitor = (direction: Direction) =>
      new ConnectivityMonitor((connectivity) => options.onConnectivity(direction, connectivity));
    this.#monitors = { send: monitor('send'), recv: monitor('recv') };
    this.device = options.device;
    this.#offered = { ...options.offered };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether media gets through in this direction. */
  connectivity(direction: Direction): MediaConnectivity {
    return this.#monitors[direction].current;
  }

  /**
   * The transport of this direction, created on first use.
   *
   * @throws {CanopyError} CONNECTION_LOST - closed; and as TransportLink.create()
   */
  async transport(direction: Direction): Promise<types.Transport> {
    if (this.#closed) {
      throw new CanopyError('CONNECTION_LOST');
    }
    let link = this.#links.get(direction);
    if (!link) {
      link = this.#create(direction);
      this.#links.set(direction, link);
      link.catch(() => this.#forget(direction));
    }
    return (await link).transport;
  }

  /** The codec for video whose publisher chose none; undefined: the usual one. */
  get videoCodec(): VideoCodec | undefined {
    const { videoCodec } = this.#options.transforms;
    const has = this.device.sendRtpCapabilities.codecs?.some(
      ({ mimeType }) => codecName(mimeType) === videoCodec,
    );
    return has ? videoCodec : undefined;
  }

  /** @throws {CanopyError} CODEC_UNSUPPORTED - frames of this codec cannot be transformed */
  requireTransformable(codec: types.RtpCodecCapability): void {
    const { codecs } = this.#options.transforms;
    if (codecs?.includes(codecName(codec.mimeType)) === false) {
      throw new CanopyError('CODEC_UNSUPPORTED', `${codec.mimeType}: this room takes ${codecs.join(', ')}`);
    }
  }

  /**
   * Attaches the app's transform to a new sender. If that throws, closes the transport: its next negotiation would include the bare sender.
   */
  transformSender(sender: RTCRtpSender, media: TransformedMedia): void {
    try {
      this.#options.transforms.sender?.(sender, media);
    } catch (error) {
      this.#ready.get('send')?.abandon();
      throw error;
    }
  }

  /** Resolves when the server has accepted the connection of a direction's transport. @throws {CanopyError} its refusal */
  async accepted(direction: Direction): Promise<void> {
    await this.#ready.get(direction)?.accepted;
  }

  /** Creates the local half of a consumer. The server's half is paused until `consumer.resume`. */
  async consume(
    info: ConsumerInfo,
    streamId: string,
    media: Omit<ReceivedMedia, 'codec' | 'requestKeyFrame'>,
  ): Promise<types.Consumer> {
    const { consumerId } = info;
    const requestKeyFrame = () => {
      this.#options.connection.request('consumer.requestKeyFrame', { consumerId }).catch(() => {});
    };
    const rtpParameters = info.rtpParameters as types.RtpParameters;
    const codec = codecName(rtpParameters.codecs[0]?.mimeType);
    const transport = await this.transport('recv');
    let failure: { cause: unknown } | undefined;
    const consumer = await transport.consume({
      id: consumerId,
      producerId: info.producerId,
      kind: info.kind,
      rtpParameters,
      streamId,
      onRtpReceiver: (receiver) => {
        try {
          this.#options.transforms.receiver?.(receiver, { ...media, codec, requestKeyFrame });
        } catch (cause) {
          // Throwing here would break other consumers that are being created.
          failure = { cause };
        }
      },
    });
    if (!failure) {
      return consumer;
    }
    consumer.close();
    throw CanopyError.from(failure.cause);
  }

  /** Keeps the transports that the server still has, restarting ICE if necessary, and closes the others. */
  reconcile(transportIds: string[]): void {
    for (const [direction, link] of this.#ready) {
      if (transportIds.includes(link.transport.id)) {
        link.recover();
      } else {
        link.close();
        this.#forget(direction);
      }
    }
  }

  applyServerState(transportId: string, state: Parameters<TransportLink['applyServerState']>[0]): void {
    for (const link of this.#ready.values()) {
      if (link.transport.id === transportId) {
        link.applyServerState(state);
      }
    }
  }

  /** Statistics of a direction's transport and all it carries; undefined while there is none. */
  async getStats(direction: Direction): Promise<RTCStatsReport | undefined> {
    const transport = this.#ready.get(direction)?.transport;
    return transport?.closed === false ? transport.getStats() : undefined;
  }

  /** Restarts ICE on both transports. */
  async restartIce(): Promise<void> {
    await Promise.all([...this.#ready.values()].map((link) => link.restartIce()));
  }

  /** Closes the transports with their producers and consumers, but stops no local tracks. */
  close(): void {
    this.#closed = true;
    for (const monitor of Object.values(this.#monitors)) {
      monitor.reset();
    }
    for (const link of this.#ready.values()) {
      link.close();
    }
    this.#ready.clear();
    this.#links.clear();
  }

  async #create(direction: Direction): Promise<TransportLink> {
    const { connection, onBroken } = this.#options;
    const offered = this.#offered[direction];
    delete this.#offered[direction];
    const link = await TransportLink.create({
      ...this.#options,
      direction,
      offered,
      onPath: (state, endpoints) => {
        if (this.#closed) {
          return;
        }
        this.#monitors[direction].update(state, endpoints);
        // The same fault may have broken the socket, which would take much longer to notice.
        if (state === 'lost') {
          void connection.check();
        }
      },
      onRefused: (refused) => {
        this.#forget(direction);
        connection.request('transport.close', { transportId: refused.transport.id }).catch(() => {});
      },
      onBroken: (broken) => {
        this.#forget(direction);
        const { id: transportId } = broken.transport;
        // The server may have closed its half already, so either answer is fine.
        connection.request('transport.close', { transportId }).then(
          () => onBroken(direction),
          () => onBroken(direction),
        );
      },
    });
    if (this.#closed) {
      link.close();
      throw new CanopyError('CONNECTION_LOST');
    }
    this.#ready.set(direction, link);
    return link;
  }

  #forget(direction: Direction): void {
    this.#links.delete(direction);
    this.#ready.delete(direction);
  }
}
