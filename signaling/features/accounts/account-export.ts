import { type ExportEntry, jsonEntry, type Kernel } from '../../kernel/index.ts';
import type { AccountAdministration } from './account-administration.ts';

/** An account with its devices, and the rooms that it may enter as a guest. */
export async function* accountExport(
  { store }: Pick<Kernel, 'store'>,
  administration: AccountAdministration,
  accountId: string,
): AsyncIterable<ExportEntry> {
  const grants = await store.db
    .selectFrom('grants')
    .select('room_id')
    .where('account_id', '=', accountId)
    .execute();
  const rooms = grants.map(({ room_id }) => room_id);
  yield jsonEntry('account.json', { ...(await administration.describe(accountId)), guestOf: rooms });
}
