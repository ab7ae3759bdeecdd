import { type Identity, restoreFromBackup } from '../../client/sdk/index.ts';

const PASSWORD = 'correct horse battery staple';

/** Links more devices to an identity's account, with a backup. */
export async function linkDevices(identity: Identity, count: number): Promise<Identity[]> {
  const backup = await identity.exportBackup(PASSWORD);
  return Promise.all(Array.from({ length: count }, () => restoreFromBackup({ backup, password: PASSWORD })));
}
