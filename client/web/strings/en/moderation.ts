/** What moderators do to people, as those people see it; and dialogs of moderators. */
export const moderation = {
  /** A moderator asks. */
  askUnmute: (name: string) => `${name} asks you to unmute`,
  askCamera: (name: string) => `${name} asks you to turn on your camera`,
  askScreen: (name: string) => `${name} asks you to share your screen`,
  askHint: 'Nothing is sent until you agree.',
  unmute: 'Unmute',
  stayMuted: 'Stay muted',
  turnOnCamera: 'Turn on camera',
  keepCameraOff: 'Keep it off',
  shareScreen: 'Share screen',
  notNow: 'Not now',
  /** Notices. */
  mayNotUnmute: 'A moderator has muted you. Raise your hand to ask to speak.',
  mayNotStartCamera: 'A moderator has turned off your camera. Raise your hand to ask for it.',
  mayNotShare: 'A moderator has stopped your screen sharing. Raise your hand to ask for it.',
  mayUnmute: 'You may unmute yourself again.',
  enteredMuted: 'You joined muted, as set by a moderator.',
  stoppedCamera: (name: string) => `${name} turned off your camera.`,
  stoppedScreen: (name: string) => `${name} stopped your screen sharing.`,
  renamed: (name: string, by: string) => `${by} changed your name to ${name}.`,
  spotlit: 'You are in the spotlight: everyone sees you large.',
  /** Muting everyone. */
  muteAll: 'Mute all',
  exceptMe: 'Everyone except me',
  exceptModerators: 'Everyone except owners and moderators',
  whom: 'Who is muted',
  onEntry: 'Also mute people who join later',
  mayUnmuteThemselves: 'People may unmute themselves',
  /** Bans. */
  ban: (name: string) => `Ban ${name}?`,
  banHint: 'They leave now and cannot come back, on any device, until you lift the ban.',
  banLink: 'Also keep out newcomers who come the same way, e.g. by the same guest link',
  banNow: 'Ban',
  /** Several devices of one person. */
  otherDevice: 'You are in this call on another device too.',
  moveHere: 'Move the call here',
};
