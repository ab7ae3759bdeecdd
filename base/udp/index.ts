/** UDP for media: the phone gateway's threads and the recorder. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeNetwork } from './build.mjs';
export { openNetwork } from './open-network.ts';
export type { DatagramHandler, Endpoint, Network, NetworkStats, SendFailures, UdpPort } from './types.ts';
