import { useSignal } from '@preact/signals';
import type { Call } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { DialogButton } from './dialog.tsx';
import { FormDialog } from './form-dialog.tsx';
import { PhoneIcon } from './icons.tsx';

/** Calls a phone into the room. Shown only to people who may call phones. */
export function CallPhoneButton({ call }: { call: Call }) {
  if (!call.moderates) {
    return null;
  }
  return (
    <DialogButton
      title={strings.value.phones.call}
      testId="call-phone"
      icon={<PhoneIcon />}
      dialog={(close) => <CallPhoneDialog call={call} onClose={close} />}
    />
  );
}

function CallPhoneDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const { phones } = strings.value;
  const target = useSignal('');
  return (
    <FormDialog
      title={phones.call}
      submit={{ label: phones.dial, testId: 'dial' }}
      ready={target.value.trim() !== ''}
      // People often type numbers in groups.
      act={() => call.room.dial(target.value.replace(/\s/g, ''))}
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
      <p>{phones.what}</p>
    </FormDialog>
  );
}
