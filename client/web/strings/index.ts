/** All words that the page shows, in every language. Only names and messages of people come from elsewhere. */
export { errorSentence } from './error-sentence.ts';
export {
  LANGUAGE_NAMES,
  type LanguageTag,
  language,
  setLanguage,
  startLanguage,
  strings,
} from './language.ts';
export { lateStrings, loadLateStrings } from './late-strings.ts';
export type { Strings } from './table.ts';
