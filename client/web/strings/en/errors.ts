import type { PageError } from '../page-error.ts';

/** Sentences for users where the error's own message, which is in English, is written for developers. */
export const errors: { [C in PageError]?: string } = {
  SESSION_REPLACED: 'You joined this call again in another tab or window; it continues there.',
};
