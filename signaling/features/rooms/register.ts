import type { Kernel } from '../../kernel/index.ts';
import { ROOM_REQUESTS } from './contract.ts';
import { infoOf, RoomConfiguration } from './room-configuration.ts';
import { RoomCreation } from './room-creation.ts';
import { eraseOwnedRooms } from './room-deletion.ts';
import { accountExport, roomExport } from './room-export.ts';
import { registerRoomExportRoutes } from './room-export-routes.ts';
import { roomHandlers } from './room-handlers.ts';
import { RoomLists } from './room-lists.ts';
import { RoomRights } from './room-rights.ts';
import { registerRoomSettingsRoutes } from './room-settings-routes.ts';
import { RoomVisits } from './room-visits.ts';
import { registerSavedRoomRoutes } from './saved-room-routes.ts';

/** Rooms that people own: created, listed, scheduled, configured and deleted, by their owners and by the operator. */
export function registerRooms(kernel: Kernel): void {
  const visits = new RoomVisits(kernel.store, kernel.log, undefined, kernel.config.limits.visitDays);
  const configuration = new RoomConfiguration(kernel);
  const creation = new RoomCreation(kernel, configuration);
  const lists = new RoomLists(kernel, visits);
  const feature = { visits, configuration, creation, lists };
  kernel.roomsOf = (accountId) => lists.of(accountId);
  kernel.requests(ROOM_REQUESTS, roomHandlers(kernel, feature), {
    audited: ['room.create', 'room.configure', 'room.handOver', 'room.export', 'room.delete'],
  });
  kernel.snapshotPart('room', ({ record }) => infoOf(record));
  const rights = new RoomRights(kernel);
  kernel.snapshotPart('rights', (room, peer) => rights.of(room, peer));
  kernel.followRights((room, peer) => rights.update(room, peer));
  kernel.entered.add(({ room, peer }) => {
    // Direct calls have a list of their own, and nobody looks for breakout rooms.
    const isListed = !room.record.parties && room.record.parentId === undefined;
    if (peer.principal.kind === 'device' && isListed) {
      visits.visited(peer.principal.accountId, room.roomId);
    }
  });
  kernel.accountBanned.add(({ accountId, roomId }) => configuration.dropRole(roomId, accountId));
  kernel.roomDeleted.add(({ db, roomId }) => visits.forgetRoom(db, roomId));
  kernel.accountErasing.add((accountId) => eraseOwnedRooms(kernel, feature, accountId));
  kernel.exports.ofAccount((accountId) => accountExport(feature, accountId));
  kernel.exports.ofRoom((roomId) => roomExport(feature, roomId));
  kernel.accountReplaced.add(({ from, to }) => visits.replaceAccount(from, to));
  kernel.accountRevoked.add((accountId) => visits.forgetAccount(accountId));
  kernel.accountDeleting.add((accountId) => visits.forgetAccount(accountId));
  kernel.closing.add(() => visits.close());
  registerRoomSettingsRoutes(kernel, configuration);
  registerSavedRoomRoutes(kernel, feature);
  registerRoomExportRoutes(kernel);
}
