/** The backup of an account. */
export const backup = {
  save: 'Save a backup',
  heading: 'Back up your account',
  saved: 'Keep this file in a safe place, and its password elsewhere.',
  download: 'Download file',
  what: 'With this file and its password you can use your account on another device, or if you lose this one.',
  password: 'Password',
  repeat: 'Repeat password',
  rule: (characters: number) => `At least ${characters} characters. It cannot be reset.`,
  create: 'Create backup',
};
