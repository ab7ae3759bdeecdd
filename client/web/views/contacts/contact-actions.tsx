import { useSignal } from '@preact/signals';
import type { CallMedia, Contact } from '../../../sdk/index.ts';
import { type AppModel, type ContactList, callableNumber } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import {
  CameraIcon,
  EditIcon,
  MoreIcon,
  PhoneIcon,
  StarIcon,
  TrashIcon,
  VerifiedIcon,
} from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ContactDialog } from './contact-dialog.tsx';
import { VerifyDialog } from './verify-dialog.tsx';

function CallButtons({ model, accountId, name }: { model: AppModel; accountId: string; name: string }) {
  const { calls } = strings.value;
  const call = (media: CallMedia) => void model.calls.call(accountId, media, name);
  return (
    <>
      <IconButton label={calls.callNamed(name)} testId="contact-call" onClick={() => call('audio')}>
        <PhoneIcon />
      </IconButton>
      <IconButton
        label={calls.videoCallNamed(name)}
        testId="contact-video-call"
        onClick={() => call('video')}
      >
        <CameraIcon />
      </IconButton>
    </>
  );
}

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
      {account && <CallButtons model={model} accountId={account.accountId} name={contact.name} />}
      <MenuButton
        label={words.moreAbout(contact.name)}
        testId="contact-more"
        icon={<MoreIcon />}
        buttonClass="icon-button"
      >
        {model.calls.dialsNumbers.value &&
          contact.phones.map(({ number, label }) => {
            const to = callableNumber(number);
            return (
              to && (
                <MenuItem
                  key={number}
                  testId="contact-call-number"
                  icon={<PhoneIcon />}
                  onSelect={() => void model.calls.call(to, 'audio', contact.name)}
                >
                  {words.callNumber(label === undefined ? number : `${number} (${label})`)}
                </MenuItem>
              )
            );
          })}
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
