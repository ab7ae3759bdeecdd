import { useSignal } from '@preact/signals';
import type { Participant } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';

/** Asks whether to ban someone. */
export function BanDialog({
  call,
  participant,
  onClose,
}: {
  call: Call;
  participant: Participant;
  onClose(): void;
}) {
  const { moderation } = strings.value;
  const link = useSignal(false);
  return (
    <FormDialog
      title={moderation.ban(participant.displayName)}
      submit={{ label: moderation.banNow, testId: 'ban-now', danger: true }}
      ready
      act={() => call.moderation.ban(participant, link.value)}
      onClose={onClose}
    >
      <p>{moderation.banHint}</p>
      {participant.role === 'guest' && (
        <CheckField
          testId="ban-link"
          checked={link.value}
          onChange={(checked) => {
            link.value = checked;
          }}
          label={moderation.banLink}
        />
      )}
    </FormDialog>
  );
}
