/** The screen before a call. */
export const lobby = {
  heading: 'Ready to join?',
  leftCall: 'You left the call',
  room: 'Room',
  roomExample: 'e.g. weekly-meeting',
  roomNeedsLetter: 'A room name needs a letter or a digit.',
  roomWillBe: (name: string) => `The room name will be ${name}`,
  yourName: 'Your name in this call',
  othersWillSee: (name: string) => `Others will see ${name}`,
  join: 'Join',
  rejoin: 'Rejoin',
  joining: 'Joining…',
  useThisTab: 'Use this tab',
  /** Followed by a name. */
  youAre: 'You are',
  verified: 'identity verified',
  forget: 'Sign out',
  confirmForget:
    'Sign out and remove your account from this device? To come back, you need a backup, another device of yours, or a new invitation.',
};
