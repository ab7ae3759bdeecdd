import type { PlainTransport } from 'mediasoup/types';
import { checkEndpoint } from '../guards.ts';
import type { Endpoint, PlainTransportInfo } from '../types.ts';
import { PeerTransport, type PeerTransportOptions } from './peer-transport.ts';

/** A transport to a bridge on this host: plain RTP, with RTCP on the same port (RFC 5761), from and to a single address. */
export class PlainPeerTransport extends PeerTransport {
  readonly #transport: PlainTransport;

  constructor(transport: PlainTransport, options: PeerTransportOptions) {
    super(transport, options);
    this.#transport = transport;
  }

  get info(): PlainTransportInfo {
    const { localAddress, localPort } = this.#transport.tuple;
    return { transportId: this.id, address: localAddress, port: localPort };
  }

  override get isLocal(): boolean {
    return true;
  }

  /** Sets the remote address; media from any other is dropped. @throws {CanopyError} MEDIA_REJECTED */
  async connect(remote: Endpoint): Promise<void> {
    const { address, port } = checkEndpoint(remote);
    await this.answered(this.#transport.connect({ ip: address, port }));
  }
}
