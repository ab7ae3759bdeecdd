/** The settings panel, apart from its sections on appearance and the connection. */
export const settings = {
  devices: 'Camera and sound',
  processing: 'Microphone sound',
  noiseSuppression: 'Reduce noise',
  echoCancellation: 'Cancel echo',
  autoGainControl: 'Adjust the level automatically',
  processingHint: 'Turn these off only for music, or with a headset and a studio microphone.',
  video: 'Video',
  mirror: 'Mirror my own view',
  selfView: 'My video in calls',
  selfViews: {
    auto: 'Automatic: in the corner of a call of two',
    floating: 'In a corner',
    tile: 'Among the others',
    hidden: 'Hidden from me',
  },
  dataUse: 'Received video',
  dataUses: {
    full: 'Best quality',
    low: 'Low quality, to save data',
    audio: 'Off: sound and shared screens only',
  },
  notices: 'Sounds',
  sounds: 'Play a sound when someone joins, leaves or raises a hand',
  keyboard: 'Keyboard',
  pushToTalk: 'Hold the space bar to talk while muted',
  shortcuts: 'Single-key shortcuts',
};
