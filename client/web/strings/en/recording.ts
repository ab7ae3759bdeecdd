/** Recordings of a call. */
export const recording = {
  start: 'Record',
  stop: 'Stop recording',
  pause: 'Pause recording',
  resume: 'Resume recording',
  /** Shown as long as it runs. */
  running: 'Recording',
  pausedNow: 'Recording paused',
  interrupted: 'Recording interrupted',
  /** Said to those who come while it runs. */
  isRecorded: 'This call is being recorded.',
  started: (name: string | undefined) =>
    name === undefined ? 'This call is being recorded.' : `${name} is recording this call.`,
  paused: (name: string | undefined) =>
    name === undefined ? 'The recording is paused.' : `${name} paused the recording.`,
  resumed: (name: string | undefined) =>
    name === undefined ? 'The recording goes on.' : `${name} resumed the recording.`,
  ended: (name: string | undefined, reason: string | undefined) => {
    if (name !== undefined) {
      return `${name} stopped the recording.`;
    }
    switch (reason) {
      case 'disk-full':
        return 'The recording has ended: the server’s disk is full.';
      case 'quota':
        return 'The recording has ended: recordings take all the space that they may.';
      case 'failed':
        return 'The recording has ended because of an error.';
      default:
        return 'The recording has ended.';
    }
  },
};
