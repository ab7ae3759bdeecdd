/** What the settings say about calls: where they lead, and what the SIP stack is to know. */
export { type IncomingRoute, incomingRoute } from './incoming-route.ts';
export { type OutgoingTarget, outgoingTarget } from './outgoing-target.ts';
export { roomNumber } from './room-number.ts';
export { hostOf, phoneLookup, roomsWithShortPins, usableTrunks } from './stack-settings.ts';
