/** Short messages about what happened in a call. */
export const notices = {
  serverClosing: 'The server is about to restart. You will be reconnected automatically.',
  mutedBy: (name: string) => `${name} muted you.`,
  noScreen: 'No screen was shared.',
  raisedHand: 'You raised your hand',
  loweredOwnHand: 'You lowered your hand',
  loweredYourHand: (name: string) => `${name} lowered your hand`,
  removed: (name: string) => `${name} was removed.`,
  removedForNow: (name: string) => `${name} was removed. You can let them back in under “People”.`,
};
