import type { Participant } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuItem } from '../parts/menu.tsx';

/** The menu items for somebody in the call who is a contact, or can become one. */
export function ContactItems({
  call,
  participant,
  onVerify,
}: {
  call: Call;
  participant: Participant;
  onVerify(): void;
}) {
  const words = strings.value.contacts;
  const { known } = call;
  const isContact = known.people.value.get(participant.participantId)?.contact !== undefined;
  const mayAdd = known.mayAdd(participant);
  return (
    <>
      {mayAdd && (
        <MenuItem testId="add-to-contacts" onSelect={() => void known.add(participant)}>
          {words.addToContacts}
        </MenuItem>
      )}
      {(mayAdd || isContact) && (
        <MenuItem testId="verify-person" onSelect={onVerify}>
          {words.verify}
        </MenuItem>
      )}
    </>
  );
}

/** The codes, loaded when they are first compared. */
const LazyVerifyDialog = lazyView(async () => (await import('./verify-dialog.tsx')).VerifyDialog);

/** Compares codes with somebody in the call. */
export function VerifyPerson({
  call,
  participant: { participantId, accountId, certifiedName, displayName },
  onClose,
}: {
  call: Call;
  participant: Participant;
  onClose(): void;
}) {
  const known = call.known.people.value.get(participantId);
  // A person who looks like a contact may be that contact with another account.
  const contact = known?.contact ?? known?.impersonated;
  return (
    <LazyVerifyDialog
      connect={async () => call.client}
      name={contact?.name ?? certifiedName ?? displayName}
      accountIds={[accountId]}
      contact={contact}
      onClose={onClose}
    />
  );
}
