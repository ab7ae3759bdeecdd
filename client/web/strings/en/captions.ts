/** Captions of a call. */
export const captions = {
  start: 'Start captions',
  stop: 'Stop captions',
  show: 'Show captions',
  hide: 'Hide captions',
  /** Shown as long as they are on. */
  running: 'Captions',
  unheard: 'Captions: the service does not answer',
  /** What people say, for screen readers. */
  label: 'Captions',
  started: (name: string | undefined) =>
    name === undefined
      ? 'Captions are on: voices are sent to a transcription service.'
      : `${name} started captions: voices are sent to a transcription service.`,
  stopped: (name: string | undefined) =>
    name === undefined ? 'Captions have ended.' : `${name} stopped captions.`,
};
