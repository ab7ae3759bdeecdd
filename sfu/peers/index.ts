/** What each peer sends and receives. */

export { Peer } from './peer.ts';
export { type PeerConsumer, sameLayers } from './peer-consumer.ts';
export type { PeerHome } from './peer-home.ts';
