import type { Participant } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { TroubleIcon } from '../parts/icons.tsx';
import { VerifiedBadge } from './verified-badge.tsx';
import '../../styles/acquaintance.css';

/** How the user knows somebody in the call: their name in the contacts if it differs, the mark, or a warning. */
export function AcquaintanceLine({ call, participant }: { call: Call; participant: Participant }) {
  const found = call.known.people.value.get(participant.participantId);
  if (!found) {
    return null;
  }
  const words = strings.value.contacts;
  const { contact, verifiedAtMs, impersonated } = found;
  return (
    <>
      {impersonated && (
        <span class="impostor" data-testid="impostor">
          <TroubleIcon />
          <bdi>{words.impostor(impersonated.name)}</bdi>
        </span>
      )}
      {contact && (
        <span class="acquaintance" data-testid="acquaintance">
          {verifiedAtMs !== undefined && <VerifiedBadge atMs={verifiedAtMs} />}
          <bdi>
            {contact.name === participant.displayName ? words.inContacts : words.inContactsAs(contact.name)}
          </bdi>
        </span>
      )}
    </>
  );
}
