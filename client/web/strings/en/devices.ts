const NAMES = { camera: 'camera', microphone: 'microphone' } as const;
type Kind = keyof typeof NAMES;
const LACKS = { camera: 'video', microphone: 'sound' } as const;

/** Camera, microphone and speaker: choosing, trying them out, and what may go wrong. */
export const devices = {
  camera: 'Camera',
  microphone: 'Microphone',
  speaker: 'Speaker',
  /** A device whose name the browser does not tell. */
  unnamed: (kind: string, number: number) => `${kind} ${number}`,
  preview: 'Preview',
  level: 'Microphone level',
  asking: 'Allow the camera and microphone when your browser asks',
  askingCamera: 'Allow the camera when your browser asks',
  askingMicrophone: 'Allow the microphone when your browser asks',
  cameraOff: 'Camera is off',
  noVideo: 'No video',
  starting: 'Starting…',
  tryAgain: 'Try again',
  joinAnyway: 'You can still join: you will see and hear everyone else.',
  denied: (kind: Kind) =>
    `The browser is not allowed to use the ${NAMES[kind]}; allow it in the address bar and try again.`,
  deniedBoth:
    'The browser is not allowed to use the camera or microphone; allow it in the address bar and try again.',
  deniedBySystem: (kind: Kind) =>
    `Your system does not let the browser use the ${NAMES[kind]}. Allow it in the privacy settings of your system.`,
  insecure: 'Camera and microphone work only on secure pages: open this address with https://.',
  notFound: (kind: Kind) => `No ${NAMES[kind]} was found; plug one in, or join without.`,
  notFoundBoth: 'No camera or microphone was found; plug one in, or join without.',
  busy: (kind: Kind) => `The ${NAMES[kind]} is in use by another program; close that program and try again.`,
  busyBoth: 'The camera and microphone are in use by another program; close that program and try again.',
  replaced: (kind: Kind, label: string) =>
    `Your ${NAMES[kind]} was disconnected. Now using ${label || `another ${NAMES[kind]}`}.`,
  lost: (kind: Kind) =>
    `Your ${NAMES[kind]} was disconnected. Plug it in again, or click its button to use another one.`,
  interrupted: (kind: Kind) =>
    `No ${LACKS[kind]} from your ${NAMES[kind]}: another program or the system may be using it.`,
  speakerLost: 'Your speaker was disconnected. You now hear others on the default one.',
  added: (label: string) => `${label} was connected.`,
  useIt: 'Use it',
  background: 'Background',
  backgrounds: { none: 'None', blur: 'Blur', picture: 'Picture' },
  otherPicture: 'Another picture…',
  noPicture: 'This file is not a picture that the browser can show.',
  backgroundFailed:
    'This browser cannot change your background. Your camera was turned off so that nobody sees it.',
  backgroundSlow: 'The background effect is too much for this device. Your video may stutter.',
  turnOff: 'Turn it off',
  voiceOnlyFailed: 'This browser has no voice-only filter.',
  test: 'Test',
  recordTest: 'Test microphone',
  recording: 'Speak now…',
  playing: 'Playing…',
  recordHint: 'Records three seconds and plays them back.',
  speakerTest: 'Test speaker',
  unmuteToTest: 'Turn the microphone on to test it.',
  speakingMuted: 'You are muted.',
  speakingMutedHint: 'Hold the space bar to talk.',
  unmute: 'Unmute',
  silent:
    'Your microphone picks up no sound. It may be muted on the device, or the wrong one may be selected.',
  silentAction: 'Check microphone',
  mutedBySystem: 'Your system has muted the microphone. Unmute it on the device or in the system’s settings.',
};
