import { CanopyError } from '../../../base/index.ts';
import { type ActionInRoom, demand, UNCHANGED } from '../policy/index.ts';
import type { PeerPrincipal, PhonePrincipal, SeatPrincipal } from '../principals/index.ts';
import type { Peer, Room } from '../rooms/index.ts';
import type { Session } from './session.ts';

/** @throws {CanopyError} AUTH_REQUIRED */
export function requirePrincipal(session: Session): PeerPrincipal {
  if (!session.principal) {
    throw new CanopyError('AUTH_REQUIRED');
  }
  return session.principal;
}

/** The room and peer of a connection. @throws {CanopyError} ROOM_NOT_JOINED */
export function requireSeat(session: Session): { room: Room; peer: Peer } {
  const { seat } = session;
  if (!seat || seat.room.peers.get(seat.peer.peerId) !== seat.peer) {
    throw new CanopyError('ROOM_NOT_JOINED');
  }
  return seat;
}

/** The seat of a connection in this room, if it has one there. */
export function seatIn({ seat }: Session, roomId: string): Session['seat'] {
  const isIn = seat?.room.roomId === roomId && seat.room.peers.get(seat.peer.peerId) === seat.peer;
  return isIn ? seat : null;
}

/**
 * The seat of a connection whose principal may take this action in its room. Without a seat, the right is checked for a default room first.
 *
 * @throws {CanopyError} AUTH_REQUIRED, FORBIDDEN, ROOM_NOT_JOINED
 */
export function requireRight(
  session: Session,
  action: ActionInRoom,
): { principal: PeerPrincipal; room: Room; peer: Peer } {
  const principal = requirePrincipal(session);
  demand(principal, action, session.seat?.room.record ?? UNCHANGED);
  return { principal, ...requireSeat(session) };
}

/**
 * As requireRight(), for the participant that a request names: a bridge asks for one of its phones. Default: the peer itself.
 *
 * @throws {CanopyError} AUTH_REQUIRED, FORBIDDEN, ROOM_NOT_JOINED
 * @throws {CanopyError} PARTICIPANT_UNKNOWN - the peer does not host it
 */
export function requireRightFor(
  session: Session,
  action: ActionInRoom,
  participantId: string | undefined,
): { principal: SeatPrincipal | PhonePrincipal; room: Room; peer: Peer; by: string | null } {
  if (participantId === undefined) {
    const { principal, room, peer } = requireRight(session, action);
    return { principal, room, peer, by: peer.participantId ?? null };
  }
  requirePrincipal(session);
  const { room, peer } = requireSeat(session);
  if (!peer.participants.has(participantId)) {
    throw new CanopyError('PARTICIPANT_UNKNOWN');
  }
  const principal = peer.principalOf(participantId);
  demand(principal, action, room.record);
  return { principal, room, peer, by: participantId };
}
