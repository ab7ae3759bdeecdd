/** Phone calls: SIP call, media and seat in a room. */

export { PeopleLink } from './people-link.ts';
export type { CallHost, PhoneCall } from './phone-call.ts';
export { PinGuard } from './pin-guard.ts';
export { type DialOptions, placeCall } from './place-call.ts';
export { referCall } from './refer-call.ts';
export { hangUp } from './ring-phone.ts';
export { takeCall } from './take-call.ts';
export { transferCall } from './transfer-call.ts';
