/** What each peer sends and receives. */

export { Peer, type PeerHome } from './peer.ts';
export type { PeerConsumer } from './peer-consumer.ts';
export { sameLayers } from './same-layers.ts';
