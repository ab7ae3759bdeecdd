/** Words that several parts of the page use. */
export const common = {
  cancel: 'Cancel',
  close: 'Close',
  copied: 'Copied',
  copyLink: 'Copy link',
  dismiss: 'Dismiss',
  done: 'Done',
  more: 'More',
  someone: 'Someone',
  /** A label with its keyboard shortcut, for tooltips. */
  withShortcut: (label: string, key: string) => `${label} (${key})`,
};
