/** DTMF keys: as telephone-events (RFC 4733), and as tones in the voice. */
export type { DtmfKey } from './events.ts';
export { InBandReceiver } from './in-band-receiver.ts';
export { TelephoneEventReceiver } from './telephone-event-receiver.ts';
export { TelephoneEventSender } from './telephone-event-sender.ts';
