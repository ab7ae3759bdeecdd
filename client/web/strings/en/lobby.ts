/** The screen before a call. */
export const lobby = {
  heading: 'Ready to join?',
  preview: 'Preview',
  room: 'Room',
  roomExample: 'e.g. weekly-meeting',
  roomNeedsLetter: 'A room name needs a letter or a digit.',
  roomWillBe: (name: string) => `The room name will be ${name}`,
  yourName: 'Your name in this call',
  othersWillSee: (name: string) => `Others will see ${name}`,
  join: 'Join',
  joining: 'Joining…',
  useThisTab: 'Use this tab',
  /** Followed by a name. */
  youAre: 'You are',
  verified: 'identity verified',
  forget: 'Forget',
  confirmForget: 'Forget this identity on this device? Without a backup you will need a new invitation.',
  allowDevices: 'Allow the camera and microphone when your browser asks',
  cameraIsOff: 'Camera is off',
  starting: 'Starting…',
  noVideo: 'No video',
  canStillJoin: 'You can still join: you will see and hear everyone else.',
};
