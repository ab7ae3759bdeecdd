import type { Signal } from '@preact/signals';
import { strings } from '../../strings/index.ts';
import { KeepSelect } from './keep-select.tsx';

/** How long recordings of a room are kept. */
export function RecordingFields({ days }: { days: Signal<number | undefined> }) {
  const { recordings: words } = strings.value;
  return (
    <fieldset>
      <legend>{words.title}</legend>
      <KeepSelect
        label={words.keep}
        testId="settings-recording-days"
        days={days.value}
        forever={words.keepForever}
        onChange={(chosen) => (days.value = chosen)}
      />
    </fieldset>
  );
}
