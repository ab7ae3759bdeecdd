import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { OwnDevice } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { OwnDeviceList } from '../../model/on-demand/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { BackupDialog } from '../identity/backup.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { LaptopIcon, MobileIcon, MoreIcon, PlusIcon } from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { Problem } from '../parts/problem.tsx';
import { ago } from '../parts/times.ts';
import { browserOf, deviceTitle } from './device-names.ts';
import { ProtectKeyDialog } from './protect-key.tsx';
import '../../styles/own-devices.css';

const AddDevice = lazyView(async () => {
  await loadLateStrings();
  return (await import('./add-device.tsx')).AddDevice;
});

type Opened =
  | { name: 'add' }
  | { name: 'protect' }
  | { name: 'backup' }
  | { name: 'rename'; device: OwnDevice }
  | { name: 'remove'; device: OwnDevice };

/** The devices of the account, and its key on this one. */
export function YourDevices({ model, onClose }: { model: AppModel; onClose(): void }) {
  const list = useMemo(() => new OwnDeviceList(() => model.connected()), [model]);
  const opened = useSignal<Opened | undefined>(undefined);
  const { account, common } = strings.value;
  useEffect(() => list.start(), [list]);
  const close = () => {
    opened.value = undefined;
    void list.load();
  };
  const hasKey = model.care.keyState.value !== 'absent';
  return (
    <Dialog title={account.heading} onClose={onClose}>
      <div class="own-devices" data-testid="own-devices">
        <p class="hint">{account.intro}</p>
        {list.devices.value ? (
          <ul class="device-list">
            {list.devices.value.map((device) => (
              <DeviceRow
                key={device.deviceId}
                device={device}
                isThis={device.deviceId === model.identity.value?.deviceId}
                onOpen={(dialog) => (opened.value = dialog)}
              />
            ))}
          </ul>
        ) : (
          !list.problem.value && <p role="status">{account.loading}</p>
        )}
        <Problem error={list.problem.value} />
        {hasKey ? (
          <button
            type="button"
            class="primary"
            data-testid="add-device-open"
            onClick={() => (opened.value = { name: 'add' })}
          >
            <PlusIcon />
            {account.add}
          </button>
        ) : (
          <p class="hint">{account.noKeyHere}</p>
        )}
        <KeySection model={model} onOpen={(dialog) => (opened.value = dialog)} />
      </div>
      <CloseButton label={common.close} testId="own-devices-close" />
      <OpenedDialog model={model} list={list} opened={opened.value} onClose={close} />
    </Dialog>
  );
}

function DeviceRow({
  device,
  isThis,
  onOpen,
}: {
  device: OwnDevice;
  isThis: boolean;
  onOpen(dialog: Opened): void;
}) {
  const { account } = strings.value;
  const title = deviceTitle(device);
  const isSmall = /Android|iPhone|iPad|Mobile/.test(device.userAgent ?? '');
  return (
    <li class="own-device" data-testid="own-device" data-device={device.deviceId}>
      {isSmall ? <MobileIcon /> : <LaptopIcon />}
      <div>
        <p class="own-device-name">
          <strong dir="auto">{title}</strong>{' '}
          {isThis && (
            <span class="verified" data-testid="this-device">
              {account.thisDevice}
            </span>
          )}
        </p>
        <p class="hint">
          {device.name !== null && `${browserOf(device.userAgent)} · `}
          {device.connected ? account.connected : account.lastSeen(ago(device.lastSeenAtMs))}
        </p>
      </div>
      <MenuButton
        label={account.more(title)}
        testId="own-device-more"
        icon={<MoreIcon />}
        buttonClass="icon-button"
      >
        <MenuItem testId="own-device-rename" onSelect={() => onOpen({ name: 'rename', device })}>
          {account.rename}
        </MenuItem>
        {!isThis && (
          <MenuItem testId="own-device-remove" danger onSelect={() => onOpen({ name: 'remove', device })}>
            {account.remove}
          </MenuItem>
        )}
      </MenuButton>
    </li>
  );
}

/** How this device holds the account's key, and what can be done with it. */
function KeySection({ model, onOpen }: { model: AppModel; onOpen(dialog: Opened): void }) {
  const { account, backup } = strings.value;
  const state = model.care.keyState.value;
  const canExport = state === 'open' || state === 'locked';
  return (
    <section class="key-section" aria-labelledby="key-heading">
      <h3 id="key-heading">{account.keyHeading}</h3>
      <p class="hint" data-testid="key-state" data-state={state}>
        {account.keyStates[state]}
      </p>
      {canExport && (
        <div class="row">
          <button type="button" data-testid="protect-open" onClick={() => onOpen({ name: 'protect' })}>
            {state === 'open' ? account.protect : account.protectChange}
          </button>
          <button type="button" data-testid="backup-open" onClick={() => onOpen({ name: 'backup' })}>
            {backup.save}
          </button>
        </div>
      )}
    </section>
  );
}

function OpenedDialog({
  model,
  list,
  opened,
  onClose,
}: {
  model: AppModel;
  list: OwnDeviceList;
  opened: Opened | undefined;
  onClose(): void;
}) {
  const { account } = strings.value;
  switch (opened?.name) {
    case undefined:
      return null;
    case 'add':
      return <AddDevice model={model} onClose={onClose} />;
    case 'protect':
      return <ProtectKeyDialog model={model} onClose={onClose} />;
    case 'backup':
      return <BackupDialog model={model} onClose={onClose} />;
    case 'rename':
      return <RenameDevice device={opened.device} list={list} onClose={onClose} />;
    case 'remove':
      return (
        <FormDialog
          title={account.removeHeading(deviceTitle(opened.device))}
          submit={{ label: account.removeAct, testId: 'remove-device', danger: true }}
          ready
          act={() => list.remove(opened.device.deviceId)}
          onClose={onClose}
        >
          <p>{account.removeWhat}</p>
          <p class="hint">{account.removeAdvice}</p>
        </FormDialog>
      );
  }
}

function RenameDevice({
  device,
  list,
  onClose,
}: {
  device: OwnDevice;
  list: OwnDeviceList;
  onClose(): void;
}) {
  const { account } = strings.value;
  const name = useSignal(device.name ?? '');
  return (
    <FormDialog
      title={account.renameHeading}
      submit={{ label: account.rename, testId: 'rename-device' }}
      ready={name.value.trim() !== ''}
      act={() => list.rename(device.deviceId, name.value.trim())}
      onClose={onClose}
    >
      <DeviceNameField value={name.value} onText={(text) => (name.value = text)} />
    </FormDialog>
  );
}

/** The field for a device's name. */
export function DeviceNameField({ value, onText }: { value: string; onText(text: string): void }) {
  const { account } = strings.value;
  return (
    <label class="field">
      {account.deviceName}
      <input
        data-testid="device-name"
        dir="auto"
        value={value}
        placeholder={account.deviceNameExample}
        maxLength={64}
        required
        autocomplete="off"
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}
