import { useSignal } from '@preact/signals';
import type { KeptRecordings } from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';

const FORMATS = ['mp4', 'webm', 'm4a', 'opus'] as const;
const LAYOUTS = ['speaker', 'gallery'] as const;

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
  const format = useSignal<(typeof FORMATS)[number]>('mp4');
  const layout = useSignal<(typeof LAYOUTS)[number]>('speaker');
  const hasPicture = format.value === 'mp4' || format.value === 'webm';
  return (
    <FormDialog
      title={words.makeTitle}
      submit={{ label: words.make, testId: 'compose-now' }}
      ready
      act={() => source.compose(recordingId, { format: format.value, layout: layout.value })}
      onClose={onClose}
    >
      <label>
        {words.format}
        <select
          data-testid="compose-format"
          value={format.value}
          onChange={({ currentTarget }) => (format.value = currentTarget.value as typeof format.value)}
        >
          {FORMATS.map((each) => (
            <option key={each} value={each}>
              {words.formats[each]}
            </option>
          ))}
        </select>
      </label>
      {hasPicture && (
        <label>
          {words.layout}
          <select
            data-testid="compose-layout"
            value={layout.value}
            onChange={({ currentTarget }) => (layout.value = currentTarget.value as typeof layout.value)}
          >
            {LAYOUTS.map((each) => (
              <option key={each} value={each}>
                {words.layouts[each]}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class="hint">{words.makeHint}</p>
    </FormDialog>
  );
}
