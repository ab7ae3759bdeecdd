/** The recordings of a room. */
export const recordings = {
  loading: 'Loading recordings…',
  loadFailed: 'The recordings could not be loaded.',
  empty: 'No recordings yet',
  emptyHint: 'Choose “Record” in the menu to record this call.',
  older: 'Load older recordings',
  by: (name: string) => `Started by ${name}`,
  running: 'Recording…',
  ending: 'Completing its files…',
  incomplete: 'Parts are missing',
  actions: 'Recording options',
  play: 'Play',
  download: 'Download all tracks',
  delete: 'Delete',
  confirmDelete: 'Delete this recording?',
  deleteHint: (date: string) =>
    `The recording of ${date} will be deleted for everyone. This cannot be undone.`,
  /** The player. */
  pause: 'Pause',
  position: 'Position',
  speed: 'Speed',
  chapters: 'Speakers',
  chat: 'Chat',
  chapter: (time: string, name: string) => `${time}, ${name}`,
  source: { camera: 'camera', microphone: 'microphone', screen: 'screen', 'screen-audio': 'screen sound' },
  screenOf: (name: string) => `${name}’s screen`,
  trackOf: (name: string, source: string) => `${name}, ${source}`,
  tracks: 'Download a track',
  /** Videos, and sound alone, made of a recording. */
  videos: 'Videos and sound',
  makeVideo: 'Create video…',
  makeTitle: 'Create a video',
  make: 'Create',
  makeHint:
    'The server creates one file at a time, in the background, so that calls do not suffer. You can close this panel.',
  /** In the settings of a room. */
  makeAfterwards: 'Create after each recording',
  makeNothing: 'Nothing',
  format: 'Format',
  formats: { mp4: 'Video, MP4', webm: 'Video, WebM', m4a: 'Sound only, M4A', opus: 'Sound only, Opus' },
  layout: 'Layout',
  layouts: { speaker: 'Speaker view', gallery: 'Gallery' },
  composition: (format: 'mp4' | 'webm' | 'm4a' | 'opus', layout: 'speaker' | 'gallery') => {
    const sound = { m4a: 'Sound, M4A', opus: 'Sound, Opus', mp4: '', webm: '' }[format];
    return (
      sound || `${format === 'mp4' ? 'MP4' : 'WebM'}, ${layout === 'speaker' ? 'speaker view' : 'gallery'}`
    );
  },
  waiting: 'In the queue…',
  downloadThis: (title: string) => `Download: ${title}`,
  deleteThis: (title: string) => `Delete: ${title}`,
  /** Links for people without an account. */
  share: 'Share…',
  shareTitle: 'Share this recording',
  shareHint: (date: string) =>
    `Anyone with a link can watch the recording of ${date} without an account, but not its chat.`,
  shareFor: 'Link expires after',
  shareCreate: 'Create link',
  shareLink: 'Link to the recording',
  shareOnce: 'Copy it now: it is not shown again.',
  shareList: 'Links to this recording',
  shareWithdraw: 'Withdraw',
  mayBeShared: 'Allow sharing recordings by link, with people who have no account',
  /** What someone with a link sees. */
  recordingOf: (date: string) => `Recording of ${date}`,
  sharedUntil: (date: string) => `This link works until ${date}.`,
  linkClosed: 'This recording cannot be opened',
  playFailed: 'This recording could not be opened.',
};
