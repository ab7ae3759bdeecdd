import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { NewPhone, OwnPhone } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { OwnPhoneList } from '../../model/on-demand/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { IconButton } from '../parts/icon-button.tsx';
import { PhoneIcon, PlusIcon, TrashIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import '../../styles/own-devices.css';

type Opened = { name: 'add' } | { name: 'added'; phone: NewPhone } | { name: 'remove'; phone: OwnPhone };

/** The user's telephones, in the call settings. */
export function OwnPhones({ model }: { model: AppModel }) {
  const list = useMemo(() => new OwnPhoneList(() => model.connected()), [model]);
  const opened = useSignal<Opened | undefined>(undefined);
  useEffect(() => void list.load(), [list]);
  const { ownPhones } = strings.value;
  const { phones, numbers, problem } = list;
  const close = () => {
    opened.value = undefined;
  };
  return (
    <section class="settings-section own-phones" data-testid="own-phones">
      <h3>{ownPhones.heading}</h3>
      <p class="hint">{ownPhones.intro}</p>
      {numbers.value.length > 0 && (
        <p data-testid="own-numbers">{ownPhones.number(numbers.value.join(', '))}</p>
      )}
      {phones.value === undefined ? (
        !problem.value && <p role="status">{ownPhones.loading}</p>
      ) : phones.value.length === 0 ? (
        <p>{ownPhones.none}</p>
      ) : (
        <ul class="device-list">
          {phones.value.map((phone) => (
            <PhoneRow
              key={phone.username}
              phone={phone}
              list={list}
              onRemove={() => (opened.value = { name: 'remove', phone })}
            />
          ))}
        </ul>
      )}
      <Problem error={problem.value} />
      <button type="button" data-testid="add-phone" onClick={() => (opened.value = { name: 'add' })}>
        <PlusIcon />
        {ownPhones.add}
      </button>
      {opened.value?.name === 'add' && (
        <AddPhone
          list={list}
          onAdded={(phone) => (opened.value = { name: 'added', phone })}
          onClose={close}
        />
      )}
      {opened.value?.name === 'added' && <PhoneAdded phone={opened.value.phone} onClose={close} />}
      {opened.value?.name === 'remove' && (
        <RemovePhone list={list} phone={opened.value.phone} onClose={close} />
      )}
    </section>
  );
}

function PhoneRow({ phone, list, onRemove }: { phone: OwnPhone; list: OwnPhoneList; onRemove(): void }) {
  const { ownPhones } = strings.value;
  const { username, rings } = phone;
  const name = nameOf(phone);
  return (
    <li class="own-device" data-testid="own-phone">
      <PhoneIcon />
      <div>
        <p class="own-device-name">
          <span dir="auto">{name}</span>
          {name !== username && <span class="hint">{username}</span>}
        </p>
        <CheckField
          testId="phone-rings"
          label={ownPhones.rings}
          checked={rings}
          onChange={(on) => void list.setRings(username, on)}
        />
      </div>
      <IconButton testId="remove-phone" label={ownPhones.removeNamed(name)} onClick={onRemove}>
        <TrashIcon />
      </IconButton>
    </li>
  );
}

function AddPhone({
  list,
  onAdded,
  onClose,
}: {
  list: OwnPhoneList;
  onAdded(phone: NewPhone): void;
  onClose(): void;
}) {
  const name = useSignal('');
  const { ownPhones } = strings.value;
  return (
    <FormDialog
      title={ownPhones.add}
      submit={{ label: ownPhones.add, testId: 'confirm-add-phone' }}
      ready={name.value.trim() !== ''}
      act={async () => {
        onAdded(await list.add(name.value.trim()));
        // What to enter in the phone takes this dialog's place.
        return false;
      }}
      onClose={onClose}
    >
      <label class="field">
        {ownPhones.name}
        <input
          data-testid="phone-name"
          dir="auto"
          value={name.value}
          placeholder={ownPhones.nameExample}
          maxLength={64}
          autocomplete="off"
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
      </label>
    </FormDialog>
  );
}

/** What to enter in a new phone. */
function PhoneAdded({ phone, onClose }: { phone: NewPhone; onClose(): void }) {
  const { ownPhones, common } = strings.value;
  const { username, password, server } = phone;
  const host = server.host ?? location.hostname;
  const fields = [
    { label: ownPhones.server, value: server.port === 5060 ? host : `${host}:${server.port}`, id: 'server' },
    { label: ownPhones.userName, value: username, id: 'username' },
    { label: ownPhones.password, value: password, id: 'password' },
  ];
  return (
    <Dialog title={nameOf(phone)} onClose={onClose}>
      <div class="own-phones" data-testid="phone-added">
        <p>{ownPhones.addedIntro}</p>
        {fields.map(({ label, value, id }) => (
          <div key={id} class="field">
            <span aria-hidden="true">{label}</span>
            <CopyLinkField
              label={label}
              link={value}
              testId={`phone-${id}`}
              copyTestId={`copy-phone-${id}`}
              copyLabel={ownPhones.copy}
            />
          </div>
        ))}
        {server.tlsPort > 0 && <p class="hint">{ownPhones.tlsHint(server.tlsPort)}</p>}
      </div>
      <CloseButton label={common.done} testId="phone-added-close" />
    </Dialog>
  );
}

function RemovePhone({ list, phone, onClose }: { list: OwnPhoneList; phone: OwnPhone; onClose(): void }) {
  const { ownPhones } = strings.value;
  const name = nameOf(phone);
  return (
    <FormDialog
      title={ownPhones.removeNamed(name)}
      submit={{ label: ownPhones.remove, testId: 'confirm-remove-phone', danger: true }}
      ready
      act={() => list.remove(phone.username)}
      onClose={onClose}
    >
      <p>{ownPhones.removeQuestion(name)}</p>
    </FormDialog>
  );
}

function nameOf({ displayName, username }: Pick<OwnPhone, 'displayName' | 'username'>): string {
  return displayName ?? username;
}
