/** Phone calls: SIP call, media and seat in a room. */
export { takeCall } from './incoming.ts';
export { type DialOptions, placeCall } from './outgoing.ts';
export type { CallHost, PhoneCall } from './phone-call.ts';
export { PinGuard } from './pin-guard.ts';
