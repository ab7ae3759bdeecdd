/** What each peer sends and receives. */

export { Peer } from './peer.ts';
export type { PeerConsumer } from './peer-consumer.ts';
export type { PeerHome } from './peer-home.ts';
export { sameLayers } from './same-layers.ts';
