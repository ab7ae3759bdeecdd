/**
 * The wire contract between server, SDK, gateway and load generator. Clients that must stay small import its types, and its
 * values from `contract/light.ts`, which has no schemas.
 */
export * from './common.ts';
export * from './dial-plan.ts';
export * from './events.ts';
export * from './light.ts';
export * from './media.ts';
export * from './requests.ts';
export * from './rest.ts';
export * from './rest-accounts.ts';
export * from './rest-allocation.ts';
export * from './rest-rooms.ts';
export * from './rest-telephony.ts';
export { type MediaKind, mediaKind } from './rtp-codecs.ts';
export * from './rtp-send-parameters.ts';
export * from './telephony.ts';
