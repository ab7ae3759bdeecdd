/**
 * The wire contract between server, SDK, gateway and load generator. Clients that must stay small import only its types, and values from
 * `contract/light.ts`, which has no schemas.
 */
export * from './caller-verification.ts';
export * from './common.ts';
export * from './dial-plan.ts';
export { isEmergencyDialled, isEmergencyNumber } from './emergency-numbers.ts';
export * from './encryption.ts';
export { type HeaderAttributes, headerAttributes } from './header-attributes.ts';
export * from './light.ts';
export * from './media.ts';
export * from './producers.ts';
export * from './recording.ts';
export * from './recording-time.ts';
export * from './rest.ts';
export * from './room-links.ts';
export * from './room-log.ts';
export * from './rooms.ts';
export { type MediaKind, mediaKind } from './rtp-codecs.ts';
export * from './rtp-send-parameters.ts';
export * from './scopes.ts';
export * from './session.ts';
export * from './shared-recording.ts';
export * from './sign-on.ts';
export * from './streams.ts';
export * from './telephony.ts';
export { type TrunkIdentity, trunkIdentity } from './trunk-identity.ts';
export * from './trunk-limits.ts';
export * from './trunk-numbers.ts';
export { type TrunkTls, trunkTls } from './trunk-tls.ts';
export * from './wire.ts';
