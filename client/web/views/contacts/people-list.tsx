import { useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { CanopyError } from '../../../sdk/index.ts';
import { type AppModel, ContactList } from '../../model/index.ts';
import { exportContacts } from '../../model/on-demand/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { AddPersonIcon, DownloadIcon, IdIcon, ImportIcon, MoreIcon, RetryIcon } from '../parts/icons.tsx';
import { EmptyContacts } from '../parts/illustrations.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ContactActions } from './contact-actions.tsx';
import { ContactDialog } from './contact-dialog.tsx';
import { ContactRow } from './contact-row.tsx';
import { ImportDialog } from './import-dialog.tsx';
import '../../styles/contacts.css';

/** Loaded when it is first opened. */
const AddressBookDialog = lazyView(async () => {
  await loadLateStrings();
  return (await import('./address-book-dialog.tsx')).AddressBookDialog;
});

/** The user's contacts on the home page. */
export function PeopleList({ model }: { model: AppModel }) {
  const headingId = useId();
  const list = useMemo(() => new ContactList(() => model.connected(), model.notices), [model]);
  const dialog = useSignal<'add' | 'id' | 'book' | File | undefined>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => list.start(), [list]);
  const { contacts: words, home } = strings.value;
  const shown = list.shown.value;
  const close = () => {
    dialog.value = undefined;
  };
  const isSearching = list.search.value !== '';
  return (
    <section class="home-list people-home" aria-labelledby={headingId} data-testid="list-people">
      <div class="home-list-header">
        <h2 id={headingId}>{words.heading}</h2>
        <div class="home-list-actions">
          <button
            type="button"
            class="quiet"
            data-testid="add-contact"
            onClick={() => (dialog.value = 'add')}
          >
            <AddPersonIcon />
            {words.add}
          </button>
          <MenuButton label={words.more} testId="contacts-more" icon={<MoreIcon />} buttonClass="icon-button">
            <MenuItem testId="my-account-id" icon={<IdIcon />} onSelect={() => (dialog.value = 'id')}>
              {words.myId}
            </MenuItem>
            <MenuItem
              testId="address-book-open"
              icon={<RetryIcon />}
              onSelect={() => (dialog.value = 'book')}
            >
              {strings.value.addressBook.open}
            </MenuItem>
            <MenuItem testId="import-contacts" icon={<ImportIcon />} onSelect={() => picker.current?.click()}>
              {words.importFile}
            </MenuItem>
            <MenuItem testId="export-contacts" icon={<DownloadIcon />} onSelect={() => void save(model)}>
              {words.exportAll}
            </MenuItem>
          </MenuButton>
          <input
            ref={picker}
            type="file"
            accept=".vcf,text/vcard,text/x-vcard"
            hidden
            data-testid="contacts-file"
            aria-label={words.importFile}
            onChange={({ currentTarget }) => {
              dialog.value = currentTarget.files?.[0];
              currentTarget.value = '';
            }}
          />
        </div>
      </div>
      {list.problem.value && (
        <p class="problem" role="alert">
          {words.loadFailed}{' '}
          <button type="button" class="quiet" onClick={() => void list.load()}>
            {home.tryAgain}
          </button>
        </p>
      )}
      {((shown?.contacts.length ?? 0) > 0 || isSearching) && (
        <input
          type="search"
          data-testid="contact-search"
          aria-label={words.search}
          placeholder={words.search}
          autoComplete="off"
          maxLength={200}
          value={list.search.value}
          onInput={(event) => list.type(event.currentTarget.value)}
        />
      )}
      {shown === undefined ? (
        // Keeps the place, so that nothing moves when they arrive.
        <div class="home-empty" aria-busy="true" />
      ) : shown.contacts.length > 0 ? (
        <ul>
          {shown.contacts.map((contact) => (
            <ContactRow key={contact.contactId} contact={contact}>
              <ContactActions model={model} list={list} contact={contact} />
            </ContactRow>
          ))}
        </ul>
      ) : isSearching || shown.search !== '' ? (
        <p class="hint" role="status">
          {words.noMatch}
        </p>
      ) : (
        <div class="home-empty" data-testid="empty">
          <EmptyContacts />
          <p>{words.empty}</p>
          <p class="hint">{words.emptyAdvice}</p>
        </div>
      )}
      {shown?.hasMore && (
        <button type="button" class="quiet" data-testid="more-contacts" onClick={() => void list.showMore()}>
          {home.showMore}
        </button>
      )}
      {dialog.value === 'add' && <ContactDialog model={model} list={list} onClose={close} />}
      {dialog.value === 'book' && <AddressBookDialog model={model} onClose={close} />}
      {dialog.value === 'id' && <OwnId model={model} onClose={close} />}
      {dialog.value instanceof File && <ImportDialog model={model} file={dialog.value} onClose={close} />}
    </section>
  );
}

/** The user's account ID, to send to others. */
function OwnId({ model, onClose }: { model: AppModel; onClose(): void }) {
  const { contacts: words, common } = strings.value;
  return (
    <Dialog title={words.myId} onClose={onClose}>
      <CopyLinkField
        label={words.myId}
        copyLabel={words.copyId}
        link={model.client.value?.account.accountId ?? ''}
        testId="own-account-id"
      />
      <p class="hint">{words.myIdHint}</p>
      <CloseButton label={common.close} />
    </Dialog>
  );
}

async function save(model: AppModel): Promise<void> {
  try {
    const count = await exportContacts(await model.connected());
    model.notices.say(strings.value.contacts.exported(count));
  } catch (error) {
    model.notices.error(CanopyError.from(error));
  }
}
