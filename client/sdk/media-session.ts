import type { types } from 'mediasoup-client';
import type { ConsumerInfo } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { FrameTransforms, TransformedMedia } from './frame-transforms.ts';
import type { Identity } from './identity/index.ts';
import { ConnectivityMonitor, type MediaConnectivity } from './media-connectivity.ts';
import { type Direction, TransportLink } from './transport-link.ts';

export interface MediaSessionOptions {
  connection: Connection;
  identity: Identity;
  /** Loaded with the router's capabilities. */
  device: types.Device;
  iceServers: RTCIceServer[];
  transforms: FrameTransforms;
  /** A direction's transport broke; what went over it must be made again. */
  onBroken(direction: Direction): void;
  /** Media in a direction started or stopped getting through. */
  onConnectivity(direction: Direction, connectivity: MediaConnectivity): void;
}

/** A peer's media on one home of its room: at most one transport a direction, each made when first needed. */
export class MediaSession {
  readonly device: types.Device;
  readonly #options: MediaSessionOptions;
  readonly #links = new Map<Direction, Promise<TransportLink>>();
  /** The links that are made. */
  readonly #ready = new Map<Direction, TransportLink>();
  readonly #monitors: Record<Direction, ConnectivityMonitor>;
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    const monitor = (direction: Direction) =>
      new ConnectivityMonitor((connectivity) => options.onConnectivity(direction, connectivity));
    this.#monitors = { send: monitor('send'), recv: monitor('recv') };
    this.device = options.device;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether media gets through in a direction. */
  connectivity(direction: Direction): MediaConnectivity {
    return this.#monitors[direction].current;
  }

  /** The transport of a direction. Calls at the same time share one. */
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

  /** Attaches the program's transform to a new sender. If that throws, the transport closes, since its next negotiation would include it. */
  transformSender(sender: RTCRtpSender, media: TransformedMedia): void {
    try {
      this.#options.transforms.sender?.(sender, media);
    } catch (error) {
      this.#ready.get('send')?.abandon();
      throw error;
    }
  }

  /** Makes a consumer of what the server answered, paused on the server until resumed. */
  async consume(info: ConsumerInfo, streamId: string, media: TransformedMedia): Promise<types.Consumer> {
    const transport = await this.transport('recv');
    let failure: { cause: unknown } | undefined;
    const consumer = await transport.consume({
      id: info.consumerId,
      producerId: info.producerId,
      kind: info.kind,
      rtpParameters: info.rtpParameters as types.RtpParameters,
      streamId,
      onRtpReceiver: (receiver) => {
        try {
          this.#options.transforms.receiver?.(receiver, media);
        } catch (cause) {
          // Thrown here, it would break consumers that are made at the same time.
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

  /** Keeps the transports that the server still has and closes the others; then restarts ICE where it is needed. */
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

  noticeServerState(transportId: string, state: Parameters<TransportLink['noticeServerState']>[0]): void {
    for (const link of this.#ready.values()) {
      if (link.transport.id === transportId) {
        link.noticeServerState(state);
      }
    }
  }

  /** Restarts ICE on both transports. */
  async restartIce(): Promise<void> {
    await Promise.all([...this.#ready.values()].map((link) => link.restartIce()));
  }

  /** Closes the transports, and with them producers and consumers. Tracks go on. */
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
    const link = await TransportLink.create({
      ...this.#options,
      direction,
      onPath: (state, endpoints) => {
        if (this.#closed) {
          return;
        }
        this.#monitors[direction].update(state, endpoints);
        // The same fault may have broken the socket's path, which would notice much later.
        if (state === 'lost') {
          void connection.check();
        }
      },
      onBroken: (broken) => {
        this.#forget(direction);
        const { id: transportId } = broken.transport;
        // The server has its half still, or has closed it itself: either answer will do.
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
