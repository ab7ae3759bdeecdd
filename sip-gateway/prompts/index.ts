/** Prompts for callers: spoken ones and tones. The setup imports build.mjs directly, since it runs before anything is installed. */
export { locate as locatePrompts } from './build.mjs';
export { loadHoldMusic } from './load-hold-music.ts';
export { type PhraseValues, Prompts } from './prompts.ts';
export type { PhraseName, PromptLanguage, PromptName } from './texts.mjs';
