import {
  demand,
  describeRoom,
  type Kernel,
  OPERATOR,
  otherOwner,
  type Principal,
  type RoomDeletion,
} from '../../kernel/index.ts';
import { nameOf, type RoomConfiguration } from './room-configuration.ts';
import { invitationOf } from './room-invitation.ts';
import type { RoomLists } from './room-lists.ts';
import type { RoomVisits } from './room-visits.ts';

/**
 * Deletes a room with everything stored about it, and disconnects the people inside. Returns the cancellation of a meeting to come.
 *
 * @throws {CanopyError} FORBIDDEN, RATE_LIMITED, STORE_BUSY, STORE_UNWRITABLE
 */
export async function deleteRoom(
  kernel: Kernel,
  { configuration, visits }: { configuration: RoomConfiguration; visits: RoomVisits },
  principal: Principal,
  roomId: string,
): Promise<{ ics?: string }> {
  const { rooms, roomDeleted, scrubber, log } = kernel;
  const record = await rooms.record(roomId);
  const check = () => demand(principal, 'room.delete', record);
  check();
  const room = describeRoom(record);
  const ics =
    room.schedule && !room.schedule.isCancelled
      ? await invitationOf(kernel, principal, room, { isCancelled: true })
      : undefined;
  await visits.save();
  const committed: RoomDeletion['committed'] = [];
  await configuration.queued(principal, () =>
    rooms.delete(record, check, (db) => roomDeleted.run({ roomId, db, committed })),
  );
  for (const act of committed) {
    await act();
  }
  scrubber.soon();
  log.info({ roomId, by: nameOf(principal) }, 'room deleted');
  return ics === undefined ? {} : { ics };
}

/** Deletes the rooms of an account that is being deleted. A room that has another owner goes over to them. */
export async function eraseOwnedRooms(
  kernel: Kernel,
  feature: { configuration: RoomConfiguration; visits: RoomVisits; lists: RoomLists },
  accountId: string,
): Promise<void> {
  for (const roomId of await feature.lists.ownedBy(accountId)) {
    const record = await kernel.rooms.record(roomId);
    const heir = otherOwner(record, accountId);
    if (heir === undefined) {
      await deleteRoom(kernel, feature, OPERATOR, roomId);
    } else {
      await kernel.rooms.configure(record, { ownerId: heir, roles: { [heir]: null } });
    }
  }
}
