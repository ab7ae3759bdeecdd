/** Call settings: where calls lead, and the settings for the SIP stack. */
export { type IncomingRoute, incomingRoute } from './incoming-route.ts';
export { type OutgoingTarget, outgoingTarget } from './outgoing-target.ts';
export { roomNumber } from './room-number.ts';
export { hostOf, phoneLookup, roomsWithShortPins, usableTrunks } from './stack-settings.ts';
export { type TransferRoute, transferRoute, trunkOf } from './transfer-route.ts';
export { trunkTls } from './trunk-tls.ts';
