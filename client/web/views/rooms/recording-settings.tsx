import type { Signal } from '@preact/signals';
import type { RoomChange, RoomDefaults, RoomDescription } from '../../../sdk/index.ts';
import { lateStrings, loadLateStrings, strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import type { VideoChoice } from '../recordings/video-fields.tsx';
import { KeepSelect } from './keep-select.tsx';

export interface RecordingSettings {
  /** How long they are kept, in days; undefined: until someone deletes them. */
  days: number | undefined;
  /** Whether they may be shared by a link. */
  isSharable: boolean;
  /** What is made of each by itself. */
  video: VideoChoice<RoomDefaults['recordingVideo']>;
}

export function recordingSettingsOf(room: RoomDescription, defaults: RoomDefaults): RecordingSettings {
  return {
    days: room.recordingDays,
    isSharable: room.recordingSharing ?? true,
    video: {
      format: room.recordingVideo ?? defaults.recordingVideo,
      layout: room.recordingVideoLayout ?? defaults.recordingVideoLayout,
    },
  };
}

/** What to store: nothing for defaults. */
export function recordingChangeOf(
  { days, isSharable, video: { format, layout } }: RecordingSettings,
  { recordingVideo, recordingVideoLayout }: RoomDefaults,
): RoomChange {
  return {
    recordingDays: days ?? null,
    recordingSharing: isSharable ? null : false,
    recordingVideo: format === recordingVideo ? null : format,
    recordingVideoLayout: layout === recordingVideoLayout ? null : layout,
  };
}

interface FieldsProps {
  settings: Signal<RecordingSettings>;
}

const LateFields = lazyView(async () => {
  const [{ VideoFields }] = await Promise.all([import('../recordings/video-fields.tsx'), loadLateStrings()]);
  return ({ settings }: FieldsProps) => {
    const { recordings: words } = lateStrings();
    const { isSharable, video } = settings.value;
    return (
      <>
        <VideoFields
          label={words.makeAfterwards}
          testId="settings-recording"
          choice={video}
          none={words.makeNothing}
          onChange={(chosen) => (settings.value = { ...settings.value, video: chosen })}
        />
        <CheckField
          testId="settings-recording-sharing"
          checked={isSharable}
          label={words.mayBeShared}
          onChange={(checked) => (settings.value = { ...settings.value, isSharable: checked })}
        />
      </>
    );
  };
});

/** How long recordings of a room are kept, what is made of them, and whether they may be shared. */
export function RecordingFields({ settings }: FieldsProps) {
  const { recordings: words } = strings.value;
  return (
    <fieldset>
      <legend>{words.title}</legend>
      <KeepSelect
        label={words.keep}
        testId="settings-recording-days"
        days={settings.value.days}
        forever={words.keepForever}
        onChange={(days) => (settings.value = { ...settings.value, days })}
      />
      <LateFields settings={settings} />
    </fieldset>
  );
}
