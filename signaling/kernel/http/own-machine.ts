import type { IncomingMessage } from 'node:http';
import { clientAddress, isLoopback } from '../../../base/index.ts';

/** Whether a request comes from a program on this machine, not through a proxy from elsewhere. */
export function isFromThisMachine(request: IncomingMessage, proxies: number): boolean {
  const { remoteAddress = '', localAddress } = request.socket;
  // Whoever evades the proxy could write any address into the header.
  return [remoteAddress, clientAddress(request, proxies)].every(
    (address) => isLoopback(address) || address === localAddress,
  );
}
