import type { Config } from '../../../base/index.ts';
import type { RoomRecord } from '../../kernel/index.ts';
import type { CompositionChoice } from './composition-contract.ts';
import type { RecordingRow } from './tables.ts';

/** What is made of a recording that has no pictures. */
const SOUND_FOR = { mp4: 'm4a', webm: 'opus', m4a: 'm4a', opus: 'opus' } as const;

/** What is made of a recording without anybody asking, as the owner of its room or the operator has chosen; undefined: nothing. */
export function automaticVideo(
  { recording }: Pick<Config, 'recording'>,
  {
    recordingVideo = recording.video,
    recordingVideoLayout: layout = recording.videoLayout,
  }: Pick<RoomRecord, 'recordingVideo' | 'recordingVideoLayout'>,
  { mode }: Pick<RecordingRow, 'mode'>,
): CompositionChoice | undefined {
  if (recordingVideo === 'off') {
    return undefined;
  }
  return { format: mode === 'audio' ? SOUND_FOR[recordingVideo] : recordingVideo, layout };
}
