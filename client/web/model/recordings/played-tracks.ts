import type { OpenedRecording, SharedRecording } from '../../../sdk/index.ts';
import type { PlayedTrack } from './playback.ts';

/** What the files of videos contain, for browsers that lack a codec. */
const TYPES: Readonly<Record<string, string>> = {
  mp4: 'video/mp4; codecs="avc1.640028, mp4a.40.2"',
  webm: 'video/webm; codecs="vp9, opus"',
};

type Opened = Pick<OpenedRecording, 'tracks'> & {
  compositions: SharedRecording['compositions'];
};

/** The last video that was made of a recording and that this browser can play; else all its tracks. */
export function playedTracks(
  { compositions, tracks }: Opened,
  durationMs: number,
  canPlay = (type: string) => document.createElement('video').canPlayType(type) !== '',
): readonly PlayedTrack[] {
  const video = compositions.findLast(({ format }) => {
    const type = TYPES[format];
    return type !== undefined && canPlay(type);
  });
  if (!video) {
    return tracks;
  }
  const { compositionId, url, bytes } = video;
  return [
    {
      ...{ file: compositionId, url, bytes, offsetMs: 0, durationMs, isWhole: true, isComplete: true },
      ...{ codec: 'h264', source: 'camera', participantId: compositionId, displayName: '' },
    },
  ];
}
