import type { Producer, RtpCapabilities } from 'mediasoup/types';
import type { Emit } from '../emit.ts';
import type { PlainPeerTransport, WebRtcPeerTransport } from '../transports/index.ts';
import type { Direction, ProduceOptions, ReceivingOptions } from '../types.ts';
import type { PeerConsumer } from './peer-consumer.ts';

/** What a peer needs of its room. */
export interface PeerHome {
  readonly roomId: string;
  /** Whether the room is closing or lost. What ends with it is not reported. */
  readonly closed: boolean;
  readonly emit: Emit;
  openTransport(
    peerId: string,
    direction: Direction,
    receiving: ReceivingOptions,
  ): Promise<WebRtcPeerTransport>;
  /** Opens a transport to a bridge at this address. */
  openPlainTransport(
    peerId: string,
    direction: Direction,
    address: string,
    capabilities?: RtpCapabilities,
  ): Promise<PlainPeerTransport>;
  /** Makes a producer consumable where a peer receives. Returns its ID there. */
  pipeTo(producerId: string, peerId: string): Promise<string>;
  /** The peer that owns a producer of the room. */
  ownerOf(producerId: string): string | undefined;
  producerOpened(peerId: string, producer: Producer, options: ProduceOptions): Promise<void>;
  producerClosed(producer: Producer): void;
  consumerOpened(consumer: PeerConsumer): void;
  /** A peer has begun to receive. */
  receiversChanged(): void;
  /** Something that allocation depends on has changed. */
  changed(): void;
}
