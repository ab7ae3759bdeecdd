/**
 * The wire contract between server, SDK, gateway and load generator. Clients that must stay small import its types, and its
 * values from `protocol/light.ts`, which has no schemas.
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
export * from './telephony.ts';
