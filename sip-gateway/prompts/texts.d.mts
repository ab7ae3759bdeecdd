/** See texts.mjs. */
export type PromptName =
  | 'enter-pin'
  | 'wrong-pin'
  | 'goodbye'
  | 'no-phones'
  | 'say-name'
  | 'has-joined'
  | 'has-left'
  | 'alone'
  | 'joined'
  | 'recorded'
  | 'not-recorded'
  | 'streamed'
  | 'not-streamed'
  | 'captioned'
  | 'not-captioned'
  | 'muted'
  | 'muted-by-moderator'
  | 'unmuted'
  | 'stay-muted'
  | 'may-speak'
  | 'hand-raised'
  | 'hand-lowered'
  | 'menu'
  | 'moderator-menu'
  | 'moderators-only'
  | 'not-possible'
  | 'room-locked'
  | 'room-unlocked'
  | 'all-muted'
  | 'enter-number'
  | 'calling'
  | 'call-refused'
  | 'call-failed'
  | 'cancelled';
/** Phrases with gaps, such as `{count}`. */
export type PhraseName = 'count' | 'joined' | 'left';
export type PromptLanguage = 'en' | 'ru';
export declare const LANGUAGES: URL;
export declare const TEXTS: Record<
  PromptLanguage,
  { voice: string; texts: Record<PromptName, string>; phrases: Record<PhraseName, string> }
>;
