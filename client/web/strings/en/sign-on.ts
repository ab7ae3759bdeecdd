/** Single sign-on at the organisation's provider. `label`: its name. */
export const signOn = {
  continueWith: (label: string) => `Continue with ${label}`,
  noIdentity: (label: string) =>
    `This browser has no account here yet. Continue with ${label}, or open an invitation link in this browser.`,
  noIdentityRoom: (room: string, label: string) =>
    `To enter ${room}, continue with ${label}, or open a link to the room in this browser.`,
  orSignOn: 'Do you have an account with this organisation?',
  working: 'Signing you in…',
  failed: 'You could not be signed in',
  tryAgain: (label: string) => `Try again with ${label}`,
  back: 'Back',
  knownHeading: 'You already have an account here',
  /** `used`: how long ago, e.g. “2 hours ago”. */
  known: (name: string, used: string) =>
    `It belongs to ${name} and was last used ${used}, on another device or in another browser.`,
  knownUnused: (name: string) => `It belongs to ${name} and is on another device or in another browser.`,
  linkHeading: 'Is that device at hand?',
  linkAdvice:
    'Then add this browser to your account with a code from that device. Nothing is lost, and both can be used.',
  startOverHeading: 'Is it lost?',
  startOverAdvice:
    'Start over: this browser gets a new account with your rooms, messages, contacts and rights. All your other devices are signed out.',
  startOver: 'Start over in this browser',
};
