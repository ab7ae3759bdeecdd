/** Several media servers under the same load. */

export { benchPeers, PEERS, type PeersOptions } from './bench-peers.ts';
export { srtpProfileName, srtpProfileOf } from './load/index.ts';
