import { useSignal } from '@preact/signals';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';

/** Asks whom to mute, and for how long. */
export function MuteAllDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const { moderation } = strings.value;
  const except = useSignal<'me' | 'moderators'>('me');
  const onEntry = useSignal(false);
  const mayUnmute = useSignal(true);
  const whom = [
    ['me', moderation.exceptMe],
    ['moderators', moderation.exceptModerators],
  ] as const;
  return (
    <FormDialog
      title={moderation.muteAll}
      submit={{ label: moderation.muteAll, testId: 'mute-all-now' }}
      ready
      act={() =>
        call.moderation.muteAll({ except: except.value, onEntry: onEntry.value, deny: !mayUnmute.value })
      }
      onClose={onClose}
    >
      <fieldset class="choices">
        <legend>{moderation.whom}</legend>
        {whom.map(([value, label]) => (
          <label key={value} class="choice">
            <input
              type="radio"
              name="mute-all"
              data-testid={`mute-all-${value}`}
              checked={except.value === value}
              onChange={() => {
                except.value = value;
              }}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <CheckField
        testId="mute-on-entry"
        checked={onEntry.value}
        onChange={(checked) => {
          onEntry.value = checked;
        }}
        label={moderation.onEntry}
      />
      <CheckField
        testId="may-unmute"
        checked={mayUnmute.value}
        onChange={(checked) => {
          mayUnmute.value = checked;
        }}
        label={moderation.mayUnmuteThemselves}
      />
    </FormDialog>
  );
}
