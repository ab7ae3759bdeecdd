import { useSignal } from '@preact/signals';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

export const LazyBackupDialog = lazyView(async () => (await import('./backup.tsx')).BackupDialog);

/** Whether a backup of the account can be made on this device. */
export function canBackUp({ care: { keyState } }: AppModel): boolean {
  return keyState.value === 'open' || keyState.value === 'locked';
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
