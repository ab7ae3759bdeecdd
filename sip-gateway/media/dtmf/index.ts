/** DTMF keys as telephone-events (RFC 4733). */
export type { DtmfKey } from './events.ts';
export { TelephoneEventReceiver } from './receiver.ts';
export { TelephoneEventSender } from './sender.ts';
