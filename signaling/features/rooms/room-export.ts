import { type ExportEntry, jsonEntry } from '../../kernel/index.ts';
import type { RoomsFeature } from './room-handlers.ts';

/** The settings of a room. */
export async function* roomExport(
  { configuration }: Pick<RoomsFeature, 'configuration'>,
  roomId: string,
): AsyncIterable<ExportEntry> {
  yield jsonEntry('room.json', await configuration.read(roomId));
}

/** The rooms that an account owns, those in which it has a role, and those it was in lately. */
export async function* accountExport(
  { configuration, lists, visits }: Pick<RoomsFeature, 'configuration' | 'lists' | 'visits'>,
  accountId: string,
): AsyncIterable<ExportEntry> {
  const owned = [];
  for (const roomId of await lists.ownedBy(accountId)) {
    owned.push(await configuration.read(roomId));
  }
  const roles = [];
  for (const roomId of await lists.naming(accountId)) {
    roles.push({ roomId, role: (await configuration.read(roomId)).roles[accountId] });
  }
  yield jsonEntry('rooms.json', { owned, roles, visited: await visits.of(accountId) });
}
