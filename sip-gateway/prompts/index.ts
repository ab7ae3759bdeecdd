/** What callers hear from the gateway. build.mjs is a second face, for the set-up, which runs before anything is installed. */
export { locate as locatePrompts } from './build.mjs';
export { Prompts } from './prompts.ts';
export type { PromptLanguage, PromptName } from './texts.mjs';
