import { useSignal } from '@preact/signals';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

export const LazyBackupDialog = lazyView(async () => (await import('./backup.tsx')).BackupDialog);

/** Whether a backup of the account can be made on this device, and is of use: guests' accounts last for a day. */
export function canBackUp({ care: { keyState }, client }: AppModel): boolean {
  const hasKey = keyState.value === 'open' || keyState.value === 'locked';
  return hasKey && client.value?.account.role !== 'guest';
}

/** Offers a backup of the account while one can be made. */
export function BackupButton({ model }: { model: AppModel }) {
  const open = useSignal(false);
  if (!canBackUp(model) && !open.value) {
    return null;
  }
  return (
    <>
      <button type="button" class="quiet" data-testid="backup" onClick={() => (open.value = true)}>
        {strings.value.backup.save}
      </button>
      {open.value && <LazyBackupDialog model={model} onClose={() => (open.value = false)} />}
    </>
  );
}
