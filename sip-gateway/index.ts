/** The phone gateway: connects SIP phones and trunks to Canopy's rooms. */
export { type CodecCapabilities, Codecs, type OpusCodec } from './codecs/index.ts';
export { Dtls, openNetwork, Srtp } from './media/index.ts';
export { GatewayMetrics } from './metrics.ts';
export type { TlsCertificate } from './open-stack.ts';
export { loadHoldMusic, locatePrompts } from './prompts/index.ts';
export { CallSnapshots } from './restart/index.ts';
export { SipGateway, type SipGatewayOptions } from './sip-gateway.ts';
