export { type AcceptedSection, type ServerTransport, writeAnswer, writeIceFragment } from './answer.ts';
export { type IceFragment, readIceFragment } from './ice-fragment.ts';
export { kindOf, type Offer, readOffer, type Section } from './offer.ts';
export { type SentMedia, sentMedia } from './sent-media.ts';
export { type WatchedMedia, watchedMedia } from './watched-media.ts';
