const PREFIX = 'address:';

/**
 * What people who came by nothing but a room's address, and the invitations made for them, have in place of a room link's id. One per room,
 * so that strangers in one room use up nothing in another, and a ban can keep out newcomers who come the same way.
 */
export function addressMark(roomId: string): string {
  return `${PREFIX}${roomId}`;
}

/** Whether somebody came by a room's address. Ids of links and invitations have no colon. */
export function isAddressMark(mark: string | null | undefined): boolean {
  return mark?.startsWith(PREFIX) ?? false;
}
