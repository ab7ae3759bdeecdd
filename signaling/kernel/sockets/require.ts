import { CanopyError } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import type { Peer, Room } from '../rooms/index.ts';
import type { Principal, Session } from './session.ts';

/** @throws {CanopyError} AUTH_REQUIRED */
export function requirePrincipal(session: Session): Principal {
  if (!session.principal) {
    throw new CanopyError('AUTH_REQUIRED');
  }
  return session.principal;
}

/** @throws {CanopyError} AUTH_REQUIRED, FORBIDDEN */
export function requireRole(session: Session, ...roles: Role[]): Principal {
  const principal = requirePrincipal(session);
  if (!roles.includes(principal.role)) {
    throw new CanopyError('FORBIDDEN', `requires the role ${roles.join(' or ')}`);
  }
  return principal;
}

/** The room and peer of a connection. @throws {CanopyError} ROOM_NOT_JOINED */
export function requireSeat(session: Session): { room: Room; peer: Peer } {
  const { seat } = session;
  if (!seat || seat.room.peers.get(seat.peer.peerId) !== seat.peer) {
    throw new CanopyError('ROOM_NOT_JOINED');
  }
  return seat;
}
