import { useSignal } from '@preact/signals';
import type { Contact } from '../../../sdk/index.ts';
import type { AppModel, ContactList } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { EditIcon, MoreIcon, StarIcon, TrashIcon, VerifiedIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ContactDialog } from './contact-dialog.tsx';
import { VerifyDialog } from './verify-dialog.tsx';

/** What can be done with a contact in the list. */
export function ContactActions({
  model,
  list,
  contact,
}: {
  model: AppModel;
  list: ContactList;
  contact: Contact;
}) {
  const dialog = useSignal<'edit' | 'verify' | undefined>(undefined);
  const words = strings.value.contacts;
  const close = () => {
    dialog.value = undefined;
  };
  const [account] = contact.accounts;
  return (
    <>
      <MenuButton
        label={words.moreAbout(contact.name)}
        testId="contact-more"
        icon={<MoreIcon />}
        buttonClass="icon-button"
      >
        {account && (
          <MenuItem
            testId="contact-verify"
            icon={<VerifiedIcon />}
            onSelect={() => (dialog.value = 'verify')}
          >
            {words.verify}
          </MenuItem>
        )}
        <MenuItem
          testId="contact-favourite"
          icon={<StarIcon />}
          onSelect={() => void list.setFavourite(contact, !contact.favourite)}
        >
          {contact.favourite ? words.unfavourite : words.favourite}
        </MenuItem>
        <MenuItem testId="contact-edit" icon={<EditIcon />} onSelect={() => (dialog.value = 'edit')}>
          {words.edit}
        </MenuItem>
        <MenuItem
          testId="contact-delete"
          icon={<TrashIcon />}
          danger
          onSelect={() => void list.remove(contact)}
        >
          {words.delete}
        </MenuItem>
      </MenuButton>
      {dialog.value === 'edit' && (
        <ContactDialog list={list} contact={contact} model={model} onClose={close} />
      )}
      {dialog.value === 'verify' && account && (
        <VerifyDialog
          connect={() => model.connected()}
          name={contact.name}
          accountIds={contact.accounts.map(({ accountId }) => accountId)}
          contact={contact}
          onClose={close}
        />
      )}
    </>
  );
}
