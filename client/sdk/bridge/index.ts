/** For programs with the role `bridge`, such as the SIP gateway: hosting participants over plain RTP, and placing calls. */
export type { BridgeEvents, Overhearing } from './bridge-events.ts';
export type { BridgeMedia, BridgeParticipant, NewParticipant } from './bridge-participant.ts';
export { type BridgeOpenOptions, type BridgeOptions, BridgeSession } from './bridge-session.ts';
export type { BridgeSource } from './bridge-sources.ts';
export { GatewayLink, type GatewayLinkEvents } from './gateway-link.ts';
