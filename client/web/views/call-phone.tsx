import { useSignal } from '@preact/signals';
import type { Call } from '../model/index.ts';
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
      title="Call a phone"
      testId="call-phone"
      icon={<PhoneIcon />}
      dialog={(close) => <CallPhoneDialog call={call} onClose={close} />}
    />
  );
}

function CallPhoneDialog({ call, onClose }: { call: Call; onClose(): void }) {
  const target = useSignal('');
  return (
    <FormDialog
      title="Call a phone"
      submit={{ label: 'Call', testId: 'dial' }}
      ready={target.value.trim() !== ''}
      // People often type numbers in groups.
      act={() => call.room.dial(target.value.replace(/\s/g, ''))}
      onClose={onClose}
    >
      <label class="field">
        Number or SIP address
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
      <p>The phone rings; the person who answers joins this room.</p>
    </FormDialog>
  );
}
