import { isIP } from 'node:net';
import type { PlainTransport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import type { Endpoint, PlainTransportInfo } from '../types.ts';
import { PeerTransport, type PeerTransportOptions } from './peer-transport.ts';

/** A transport towards a bridge on this host: plain RTP, with RTCP on the same port (RFC 5761), from and to one address only. */
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

  /** Takes media from the remote address alone. @throws CanopyError MEDIA_REJECTED. */
  async connect({ address, port }: Endpoint): Promise<void> {
    if (isIP(address) === 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new CanopyError('MEDIA_REJECTED', 'the address of the bridge');
    }
    await this.answered(this.#transport.connect({ ip: address, port }));
  }
}
