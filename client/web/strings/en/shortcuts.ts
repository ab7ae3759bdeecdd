/** The sheet of keyboard shortcuts. */
export const shortcuts = {
  heading: 'Keyboard shortcuts',
  microphone: 'Mute or unmute',
  talk: 'Hold to talk while muted',
  space: 'Space',
  camera: 'Turn your camera on or off',
  screen: 'Share your screen or stop sharing',
  hand: 'Raise or lower your hand',
  view: 'Gallery view or speaker view',
  fullScreen: 'Full screen',
  statistics: 'Show statistics',
  sheet: 'Show this list',
  enable: 'Enable single-key shortcuts',
};
