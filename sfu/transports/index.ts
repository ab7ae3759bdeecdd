/** The transports between peers and workers, and their bandwidth estimates. */
export { type AddressScope, addressScope } from './candidates.ts';
export type { PeerTransport, PeerTransportOptions } from './peer-transport.ts';
export { PlainPeerTransport } from './plain-peer-transport.ts';
export { TrafficMeter } from './traffic-meter.ts';
export { transportInfo, WebRtcPeerTransport } from './webrtc-peer-transport.ts';
