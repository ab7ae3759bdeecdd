import { useSignal } from '@preact/signals';
import type { AppModel, Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { WithholdNumber } from '../calls/withhold-number.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';

/** Calls a phone into the room. For people who may call phones. */
export function CallPhoneDialog({
  call,
  calls,
  onClose,
}: Pick<AppModel, 'calls'> & { call: Call; onClose(): void }) {
  const { phones } = strings.value;
  const target = useSignal('');
  return (
    <FormDialog
      title={phones.call}
      submit={{ label: phones.dial, testId: 'dial' }}
      ready={target.value.trim() !== ''}
      // People often type numbers in groups.
      act={() => call.room.dial(target.value.replace(/\s/g, ''), { withheld: calls.withholdsNumber.value })}
      onClose={onClose}
    >
      <label class="field">
        {phones.target}
        <input
          data-testid="dial-target"
          type="tel"
          autoComplete="off"
          maxLength={200}
          required
          value={target.value}
          onInput={(event) => {
            target.value = event.currentTarget.value;
          }}
        />
      </label>
      <WithholdNumber calls={calls} />
      <p>{phones.what}</p>
    </FormDialog>
  );
}
