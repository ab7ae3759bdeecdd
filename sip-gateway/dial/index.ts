/** What the settings say about calls: where they lead, and what the SIP stack is to know. */
export { type IncomingRoute, incomingRoute } from './incoming-route.ts';
export { type OutgoingTarget, outgoingTarget } from './outgoing-target.ts';
export { hostOf, phoneLookup, usableTrunks } from './stack-settings.ts';
