import type { ComponentChildren } from 'preact';
import type { Contact } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { Avatar } from '../parts/avatar.tsx';
import { StarIcon } from '../parts/icons.tsx';
import { VerifiedBadge } from './verified-badge.tsx';

/** One contact in a list. */
export function ContactRow({
  contact,
  children,
}: {
  contact: Contact;
  /** What can be done with the contact. */
  children: ComponentChildren;
}) {
  const { contactId, name, favourite, accounts, phones, emails } = contact;
  const words = strings.value.contacts;
  const verifiedAtMs = accounts.find((account) => account.verifiedAtMs !== undefined)?.verifiedAtMs;
  const details = [phones[0]?.number, emails[0]?.address].filter((detail) => detail !== undefined);
  return (
    <li class="contact" data-testid="contact" data-contact-id={contactId}>
      <Avatar name={name} seed={accounts[0]?.accountId ?? contactId} />
      <div class="contact-about">
        <p class="contact-name">
          <span dir="auto">{name}</span>
          {favourite && (
            <span class="contact-favourite" title={words.isFavourite}>
              <StarIcon />
              <span class="sr-only">{words.isFavourite}</span>
            </span>
          )}
          {verifiedAtMs !== undefined && <VerifiedBadge atMs={verifiedAtMs} />}
        </p>
        {details.length > 0 && <p class="contact-detail">{details.join(' · ')}</p>}
      </div>
      {children}
    </li>
  );
}
