/** The face of the phones' UDP. build.mjs is a second face, for the set-up, which runs before anything is installed. */
export { build as buildNativeNetwork } from './build.mjs';
export { openNetwork } from './network.ts';
export { bindPair, type PortRange } from './port-pair.ts';
export type { DatagramHandler, Network, NetworkStats, SendFailures, UdpPort } from './types.ts';
