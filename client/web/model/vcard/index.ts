/** Reads and writes vCards. Loaded when somebody imports or exports contacts. */
export { decodeText } from './decode-text.ts';
export { type CardFault, type ReadCard, readCards } from './read-cards.ts';
export { type WrittenContact, writeCards } from './write-card.ts';
