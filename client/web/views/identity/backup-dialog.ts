import type { AppModel } from '../../model/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

export const LazyBackupDialog = lazyView(async () => (await import('./backup.tsx')).BackupDialog);

/** Whether a backup of the account can be made on this device, and is of use: guests' accounts last for a day. */
export function canBackUp({ care: { keyState }, client }: AppModel): boolean {
  const hasKey = keyState.value === 'open' || keyState.value === 'locked';
  return hasKey && client.value?.account.role !== 'guest';
}
