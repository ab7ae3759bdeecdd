/** Phone calls, from their first sign to their end. */
export { takeCall } from './incoming.ts';
export { type DialOptions, placeCall } from './outgoing.ts';
export type { CallHost, PhoneCall } from './phone-call.ts';
export { PinGuard } from './pin-guard.ts';
