/** See texts.mjs. */
export type PromptName =
  | 'enter-pin'
  | 'wrong-pin'
  | 'goodbye'
  | 'alone'
  | 'joined'
  | 'muted'
  | 'unmuted'
  | 'stay-muted'
  | 'may-speak'
  | 'hand-raised'
  | 'hand-lowered';
export type PromptLanguage = 'en' | 'ru';
export declare const TEXTS: Record<PromptLanguage, Record<PromptName, string>>;
