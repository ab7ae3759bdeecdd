import type { AppModel } from '../../model/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

export const LazyBackupDialog = lazyView(async () => (await import('./backup.tsx')).BackupDialog);

/** Whether a backup of the account can be made on this device. */
export function canBackUp({ care: { keyState } }: AppModel): boolean {
  return keyState.value === 'open' || keyState.value === 'locked';
}
