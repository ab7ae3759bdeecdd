import { useSignal } from '@preact/signals';
import { CanopyError } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { Dialog, DialogButton } from './dialog.tsx';
import { PhoneIcon } from './icons.tsx';
import { Problem } from './problem.tsx';

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
  const busy = useSignal(false);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const dial = async () => {
    busy.value = true;
    problem.value = undefined;
    try {
      // People often type numbers in groups.
      await call.room.dial(target.value.replace(/\s/g, ''));
      onClose();
    } catch (error) {
      problem.value = CanopyError.from(error);
      busy.value = false;
    }
  };
  return (
    <Dialog title="Call a phone" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void dial();
        }}
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
        <Problem error={problem.value} />
        <button
          type="submit"
          class="primary"
          data-testid="dial"
          disabled={busy.value || target.value.trim() === ''}
        >
          Call
        </button>
      </form>
      <form method="dialog">
        <button type="submit" class="quiet">
          Cancel
        </button>
      </form>
    </Dialog>
  );
}
