/** Phone calls, from their first sign to their end. */
export type { CallHost } from './call-host.ts';
export { takeCall } from './incoming.ts';
export { type DialOptions, placeCall } from './outgoing.ts';
export type { CallStage, EndCause, PhoneCall } from './phone-call.ts';
export { PinGuard } from './pin-guard.ts';
