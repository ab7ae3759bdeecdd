/** Reads and writes vCards. The page loads it when somebody imports or exports contacts. */
export { decodeText } from './decode-text.ts';
export { type CardContact, type CardFault, type ReadCard, readCards } from './read-cards.ts';
export { writeCards } from './write-card.ts';
