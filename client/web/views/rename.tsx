import { useSignal } from '@preact/signals';
import { CanopyError, displayable, type Participant } from '../../sdk/index.ts';
import type { Call } from '../model/index.ts';
import { Dialog } from './dialog.tsx';
import { EditIcon } from './icons.tsx';
import { Problem } from './problem.tsx';

/** Changes this user's name; shown on their own tile. */
export function RenameButton({ call, participant }: { call: Call; participant: Participant }) {
  const open = useSignal(false);
  return (
    <div class="actions">
      <button
        type="button"
        class="menu-button"
        data-testid="rename"
        title="Change your name"
        aria-label="Change your name"
        onClick={() => (open.value = true)}
      >
        <EditIcon />
      </button>
      {open.value && (
        <RenameDialog call={call} participant={participant} onClose={() => (open.value = false)} />
      )}
    </div>
  );
}

/** Asks for a new name for someone in the call. */
export function RenameDialog({
  call,
  participant: { participantId, displayName, certifiedName },
  onClose,
}: {
  call: Call;
  participant: Participant;
  onClose(): void;
}) {
  const isSelf = participantId === call.room.participantId;
  const name = useSignal(displayName);
  const busy = useSignal(false);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const rename = async () => {
    busy.value = true;
    problem.value = undefined;
    try {
      await call.rename(participantId, displayable(name.value));
      onClose();
    } catch (error) {
      problem.value = CanopyError.from(error);
      busy.value = false;
    }
  };
  const verified = certifiedName ?? displayName;
  return (
    <Dialog title={isSelf ? 'Change your name' : `Rename ${displayName}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void rename();
        }}
      >
        <label class="field">
          {isSelf ? 'Your name in this call' : 'Name in this call'}
          <input
            data-testid="new-name"
            autoComplete="off"
            maxLength={64}
            required
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </label>
        {isSelf && displayable(name.value) !== verified && (
          <p>Others will also see the name you were verified as: {verified}</p>
        )}
        <Problem error={problem.value} />
        <button
          type="submit"
          class="primary"
          data-testid="rename-now"
          disabled={busy.value || displayable(name.value) === ''}
        >
          Change
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
