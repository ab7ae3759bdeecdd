/** What carries media between a peer and a worker, and the bandwidth it is estimated to have. */
export { type AddressScope, addressScope } from './candidates.ts';
export type { PeerTransport, PeerTransportOptions } from './peer-transport.ts';
export { PlainPeerTransport } from './plain-peer-transport.ts';
export { TrafficMeter } from './traffic-meter.ts';
export { WebRtcPeerTransport } from './webrtc-peer-transport.ts';
