import { listed } from './forms.ts';

/** Reactions. */
export const reactions = {
  send: 'Send a reaction',
  kinds: {
    like: 'thumbs up',
    applause: 'applause',
    love: 'heart',
    laugh: 'laughter',
    surprise: 'surprise',
    celebrate: 'celebration',
  },
  /** Announced to screen readers. */
  announced: (names: readonly string[], kind: string) => `${listed(names)}: ${kind}`,
};
