/** The words of texts, as searches compare them: the server's, and those of clients in encrypted rooms. */
export { queryWords, wordsOf } from './words.ts';
