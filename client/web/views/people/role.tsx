import { useSignal } from '@preact/signals';
import type { Participant, RoomRole } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';

const ROLES: readonly RoomRole[] = ['owner', 'moderator', 'speaker', 'viewer'];

/** Gives someone another role in this room. */
export function RoleDialog({
  call,
  participant: { accountId, displayName, roomRole = 'speaker' },
  onClose,
}: {
  call: Call;
  participant: Participant;
  onClose(): void;
}) {
  const { people } = strings.value;
  const chosen = useSignal<RoomRole>(roomRole);
  return (
    <FormDialog
      title={people.roleOf(displayName)}
      submit={{ label: strings.value.rename.change, testId: 'role-now' }}
      ready={chosen.value !== roomRole}
      act={() => call.room.moderation.setRole(accountId, chosen.value)}
      onClose={onClose}
    >
      <fieldset class="choices">
        <legend>{people.roleHint}</legend>
        {ROLES.map((role) => (
          <label key={role} class="choice">
            <input
              type="radio"
              name="role"
              data-testid={`role-${role}`}
              checked={chosen.value === role}
              onChange={() => {
                chosen.value = role;
              }}
            />
            <span>
              {people.roles[role]}
              <small class="role-what">{people.rolesMay[role]}</small>
            </span>
          </label>
        ))}
      </fieldset>
    </FormDialog>
  );
}
