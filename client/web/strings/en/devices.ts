/** Cameras, microphones and speakers. */
export const devices = {
  camera: 'Camera',
  microphone: 'Microphone',
  speaker: 'Speaker',
  /** A device whose name the browser does not tell. */
  unnamed: (kind: string, number: number) => `${kind} ${number}`,
  level: 'Microphone level',
  cameraProblems: {
    MEDIA_DENIED: 'The browser may not use the camera; allow it in the address bar and try again.',
    MEDIA_NOT_FOUND: 'No camera was found; plug one in, or join without.',
    MEDIA_BUSY: 'The camera is in use by another program; close that program and try again.',
  },
  microphoneProblems: {
    MEDIA_DENIED: 'The browser may not use the microphone; allow it in the address bar and try again.',
    MEDIA_NOT_FOUND: 'No microphone was found; plug one in, or join without.',
    MEDIA_BUSY: 'The microphone is in use by another program; close that program and try again.',
  },
  cameraReplaced: (now: string) => `Your camera was disconnected. Now using ${now || 'another camera'}.`,
  microphoneReplaced: (now: string) =>
    `Your microphone was disconnected. Now using ${now || 'another microphone'}.`,
  cameraLost: 'Your camera was disconnected. Plug it in again, or click its button to use another one.',
  microphoneLost:
    'Your microphone was disconnected. Plug it in again, or click its button to use another one.',
  cameraInterrupted: 'No video from your camera: another program or the system may be using it.',
  microphoneInterrupted: 'No sound from your microphone: another program or the system may be using it.',
};
