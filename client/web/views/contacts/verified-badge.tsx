import { strings } from '../../strings/index.ts';
import { VerifiedIcon } from '../parts/icons.tsx';

/** Codes were compared with this person. */
export function VerifiedBadge({ atMs }: { atMs: number }) {
  const { contacts, date } = { contacts: strings.value.contacts, date: new Date(atMs) };
  return (
    <span
      class="verified-badge"
      data-testid="verified"
      title={contacts.verifiedOn(date.toLocaleDateString())}
    >
      <VerifiedIcon />
      <span class="sr-only">{contacts.verified}</span>
    </span>
  );
}
