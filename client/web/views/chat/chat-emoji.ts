/** Emoji to put on a message with one click. */
export const QUICK_EMOJI = ['👍', '❤️', '😂'] as const;

/** Emoji to choose from; others can be typed. */
export const EMOJI = [
  ...['👍', '👎', '❤️', '😂', '😮', '😢', '😡', '🎉'],
  ...['🙏', '👏', '🔥', '✅', '❌', '👀', '🤔', '💯'],
  ...['😀', '😉', '😍', '😎', '🙂', '🙁', '😴', '🤝'],
  ...['👋', '💪', '☕', '🚀', '💡', '❓', '❗', '⭐'],
] as const;
