import { type Signal, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { CanopyError, type Contact, displayable, type NewContact } from '../../../sdk/index.ts';
import type { AppModel, ContactList } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { CloseIcon, PlusIcon } from '../parts/icons.tsx';
import { VerifiedBadge } from './verified-badge.tsx';

const MAX_WAYS = 20;
const MAX_ACCOUNTS = 10;
const ACCOUNT_ID = /^[0-9a-f]{64}$/;

/** A number or an address as it is typed. */
interface Way {
  value: string;
  label: string;
}

/** Adds a contact, or changes one. */
export function ContactDialog({
  model,
  list,
  contact,
  onClose,
}: {
  model: AppModel;
  list: ContactList;
  /** Omitted: a new one. */
  contact?: Contact;
  onClose(): void;
}) {
  const words = strings.value.contacts;
  const hintId = useId();
  const name = useSignal(contact?.name ?? '');
  const favourite = useSignal(contact?.favourite ?? false);
  const note = useSignal(contact?.note ?? '');
  const accounts = useSignal<NonNullable<NewContact['accounts']>>(contact?.accounts ?? []);
  const typedId = useSignal('');
  const idProblem = useSignal<string | undefined>(undefined);
  const phones = useSignal<Way[]>(
    contact?.phones.map(({ number, label = '' }) => ({ value: number, label })) ?? [],
  );
  const emails = useSignal<Way[]>(
    contact?.emails.map(({ address, label = '' }) => ({ value: address, label })) ?? [],
  );

  /** Takes the typed account, and its certified name if none was typed. */
  const takeAccount = async (): Promise<boolean> => {
    const accountId = typedId.value.trim().toLowerCase();
    idProblem.value = undefined;
    if (accountId === '') {
      return true;
    }
    if (!ACCOUNT_ID.test(accountId)) {
      idProblem.value = words.accountInvalid;
      return false;
    }
    try {
      const certified = await (await model.connected()).contacts.lookUp(accountId);
      if (displayable(name.value) === '') {
        name.value = certified;
      }
    } catch (cause) {
      const error = CanopyError.from(cause);
      if (error.code !== 'IDENTITY_UNKNOWN') {
        throw error;
      }
      idProblem.value = words.accountUnknown;
      return false;
    }
    if (!accounts.value.some((each) => each.accountId === accountId)) {
      accounts.value = [...accounts.value, { accountId }];
    }
    typedId.value = '';
    return true;
  };
  const save = async () => {
    if (!(await takeAccount())) {
      return false;
    }
    const filled = (ways: readonly Way[]) => ways.filter(({ value }) => value.trim() !== '');
    const labelled = ({ label }: Way) => (label.trim() === '' ? {} : { label: label.trim() });
    await list.put({
      ...(contact && { contactId: contact.contactId, ifRev: contact.rev }),
      name: displayable(name.value),
      favourite: favourite.value,
      accounts: accounts.value,
      note: note.value,
      phones: filled(phones.value).map((way) => ({ number: way.value.trim(), ...labelled(way) })),
      emails: filled(emails.value).map((way) => ({ address: way.value.trim(), ...labelled(way) })),
    });
  };
  return (
    <FormDialog
      title={contact ? words.editTitle(contact.name) : words.addTitle}
      submit={{ label: words.save, testId: 'save-contact' }}
      ready={displayable(name.value) !== '' || typedId.value.trim() !== ''}
      act={save}
      onClose={onClose}
    >
      <div class="contact-form">
        <label class="field">
          {words.name}
          <input
            data-testid="contact-name"
            dir="auto"
            autoComplete="off"
            maxLength={64}
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        {accounts.value.length > 0 && (
          <ul class="contact-accounts" aria-label={words.accounts}>
            {accounts.value.map(({ accountId, verifiedAtMs }) => (
              <li key={accountId}>
                <span title={accountId}>{words.accountShort(accountId.slice(0, 8))}</span>
                {verifiedAtMs !== undefined && <VerifiedBadge atMs={verifiedAtMs} />}
                <button
                  type="button"
                  class="icon-button"
                  aria-label={words.removeAccount(accountId.slice(0, 8))}
                  title={words.remove}
                  onClick={() => {
                    accounts.value = accounts.value.filter((each) => each.accountId !== accountId);
                  }}
                >
                  <CloseIcon />
                </button>
              </li>
            ))}
          </ul>
        )}
        {accounts.value.length < MAX_ACCOUNTS && (
          <label class="field">
            {words.accountId}
            <input
              data-testid="contact-account"
              autoComplete="off"
              autocapitalize="off"
              spellcheck={false}
              maxLength={100}
              value={typedId.value}
              aria-describedby={hintId}
              aria-invalid={idProblem.value !== undefined}
              onInput={(event) => {
                typedId.value = event.currentTarget.value;
                idProblem.value = undefined;
              }}
            />
            <span id={hintId} role={idProblem.value ? 'alert' : undefined}>
              {idProblem.value ?? words.accountHint}
            </span>
          </label>
        )}
        <Ways
          heading={words.phones}
          each={words.phone}
          add={words.addPhone}
          type="tel"
          maxLength={64}
          testId="contact-phone"
          ways={phones}
        />
        <Ways
          heading={words.emails}
          each={words.email}
          add={words.addEmail}
          type="email"
          maxLength={254}
          testId="contact-email"
          ways={emails}
        />
        <label class="field">
          {words.note}
          <textarea
            data-testid="contact-note"
            dir="auto"
            maxLength={2000}
            value={note.value}
            onInput={(event) => (note.value = event.currentTarget.value)}
          />
        </label>
        <CheckField
          label={words.isFavourite}
          testId="contact-is-favourite"
          checked={favourite.value}
          onChange={(checked) => (favourite.value = checked)}
        />
      </div>
    </FormDialog>
  );
}

/** Numbers or addresses, each with a label. */
function Ways({
  heading,
  each,
  add,
  type,
  maxLength,
  testId,
  ways,
}: {
  heading: string;
  each: string;
  add: string;
  type: 'tel' | 'email';
  maxLength: number;
  testId: string;
  ways: Signal<Way[]>;
}) {
  const words = strings.value.contacts;
  const change = (index: number, part: Partial<Way>) => {
    ways.value = ways.value.map((way, at) => (at === index ? { ...way, ...part } : way));
  };
  return (
    <fieldset class="ways">
      <legend>{heading}</legend>
      {ways.value.map((way, index) => (
        <div class="way" key={index}>
          <input
            data-testid={testId}
            inputMode={type}
            aria-label={each}
            placeholder={each}
            autoComplete="off"
            maxLength={maxLength}
            value={way.value}
            onInput={(event) => change(index, { value: event.currentTarget.value })}
          />
          <input
            aria-label={words.label}
            placeholder={words.labelExample}
            dir="auto"
            autoComplete="off"
            maxLength={32}
            value={way.label}
            onInput={(event) => change(index, { label: event.currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={`${words.remove}: ${way.value || each}`}
            title={words.remove}
            onClick={() => {
              ways.value = ways.value.filter((_, at) => at !== index);
            }}
          >
            <CloseIcon />
          </button>
        </div>
      ))}
      {ways.value.length < MAX_WAYS && (
        <button
          type="button"
          class="quiet small"
          data-testid={`${testId}-add`}
          onClick={() => {
            ways.value = [...ways.value, { value: '', label: '' }];
          }}
        >
          <PlusIcon />
          {add}
        </button>
      )}
    </fieldset>
  );
}
