import { useSignal } from '@preact/signals';
import type { KeptRecordings } from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { type VideoChoice, VideoFields } from './video-fields.tsx';

/** Has a video, or sound alone, made of a recording. */
export function ComposeDialog({
  source,
  recordingId,
  onClose,
}: {
  source: KeptRecordings;
  recordingId: string;
  onClose(): void;
}) {
  const { recordings: words } = lateStrings();
  const choice = useSignal<VideoChoice>({ format: 'mp4', layout: 'speaker' });
  return (
    <FormDialog
      title={words.makeTitle}
      submit={{ label: words.make, testId: 'compose-now' }}
      ready
      act={() => source.compose(recordingId, choice.value)}
      onClose={onClose}
    >
      <VideoFields
        label={words.format}
        testId="compose"
        choice={choice.value}
        onChange={(chosen) => (choice.value = chosen)}
      />
      <p class="hint">{words.makeHint}</p>
    </FormDialog>
  );
}
