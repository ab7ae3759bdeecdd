import { useSignal } from '@preact/signals';
import { displayable, type Participant } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';

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
  const { rename } = strings.value;
  const isSelf = participantId === call.room.participantId;
  const typed = useSignal(displayName);
  const name = displayable(typed.value);
  const verified = certifiedName ?? displayName;
  return (
    <FormDialog
      title={isSelf ? rename.own : rename.other(displayName)}
      submit={{ label: rename.change, testId: 'rename-now' }}
      ready={name !== ''}
      act={() => call.rename(participantId, name)}
      onClose={onClose}
    >
      <label class="field">
        {isSelf ? rename.yourName : rename.name}
        <input
          data-testid="new-name"
          autoComplete="off"
          maxLength={64}
          required
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </label>
      {isSelf && name !== verified && <p>{rename.verifiedToo(verified)}</p>}
    </FormDialog>
  );
}
