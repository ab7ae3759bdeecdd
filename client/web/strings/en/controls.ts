/** The toolbar of a call. */
export const controls = {
  label: 'Call controls',
  mute: 'Mute microphone',
  unmute: 'Unmute microphone',
  cameraOff: 'Turn camera off',
  cameraOn: 'Turn camera on',
  shareScreen: 'Share screen',
  stopSharing: 'Stop sharing',
  raiseHand: 'Raise hand',
  lowerHand: 'Lower hand',
  galleryView: 'Gallery view',
  speakerView: 'Speaker view',
  more: 'More options',
  leave: 'Leave call',
};
