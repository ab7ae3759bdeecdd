/** DTMF keys as telephone-events (RFC 4733). */
export type { DtmfKey } from './events.ts';
export { TelephoneEventReceiver } from './telephone-event-receiver.ts';
export { TelephoneEventSender } from './telephone-event-sender.ts';
