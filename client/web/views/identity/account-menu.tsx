import { useSignal } from '@preact/signals';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { AccountIcon, BackupIcon, TrashIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { canBackUp, LazyBackupDialog } from './backup-dialog.ts';

/** What somebody can do with the account on this device: save a backup, and remove it. */
export function AccountMenu({ model }: { model: AppModel }) {
  const backingUp = useSignal(false);
  if (!model.identity.value) {
    return null;
  }
  const { account, backup, lobby } = strings.value;
  const forget = () => {
    if (confirm(lobby.confirmForget)) {
      void model.forget();
    }
  };
  return (
    <>
      <MenuButton label={account.menu} testId="account-menu" icon={<AccountIcon />} buttonClass="icon-button">
        {canBackUp(model) && (
          <MenuItem testId="backup" icon={<BackupIcon />} onSelect={() => (backingUp.value = true)}>
            {backup.save}
          </MenuItem>
        )}
        <MenuItem testId="forget" danger icon={<TrashIcon />} onSelect={forget}>
          {lobby.forget}
        </MenuItem>
      </MenuButton>
      {backingUp.value && <LazyBackupDialog model={model} onClose={() => (backingUp.value = false)} />}
    </>
  );
}
