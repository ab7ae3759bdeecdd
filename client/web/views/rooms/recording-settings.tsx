import type { Signal } from '@preact/signals';
import { lateStrings, loadLateStrings, strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { KeepSelect } from './keep-select.tsx';

const SharingField = lazyView(async () => {
  await loadLateStrings();
  return ({ allowed }: { allowed: Signal<boolean> }) => (
    <CheckField
      testId="settings-recording-sharing"
      checked={allowed.value}
      label={lateStrings().recordings.mayBeShared}
      onChange={(checked) => (allowed.value = checked)}
    />
  );
});

/** How long recordings of a room are kept, and whether they may be shared. */
export function RecordingFields({
  days,
  sharing,
}: {
  days: Signal<number | undefined>;
  sharing: Signal<boolean>;
}) {
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
      <SharingField allowed={sharing} />
    </fieldset>
  );
}
