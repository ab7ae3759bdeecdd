/** Short messages about what happened, mostly in a call. */
export const notices = {
  serverClosing: 'The server is about to restart. You will be reconnected automatically.',
  mutedBy: (name: string) => `${name} muted you.`,
  nothingStored: 'This browser stores nothing for this page. Your account here lasts until you close it.',
  noScreen: 'No screen was shared.',
  raisedHand: 'You raised your hand',
  loweredOwnHand: 'You lowered your hand',
  loweredYourHand: (name: string) => `${name} lowered your hand`,
  removed: (name: string) => `${name} was removed.`,
  removedForNow: (name: string) => `${name} was removed. You can let them back in under “People”.`,
};
