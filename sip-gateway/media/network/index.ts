/** UDP sockets of media threads. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeNetwork } from './build.mjs';
export { openNetwork } from './open-network.ts';
export { bindPair, type PortRange } from './port-pair.ts';
export type { DatagramHandler, Network, NetworkStats, SendFailures, UdpPort } from './types.ts';
