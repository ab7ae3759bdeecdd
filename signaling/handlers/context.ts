import { CanopyError, type Config, type Logger } from '../../base/index.ts';
import type { Role } from '../../contract/index.ts';
import type { Sfu } from '../../sfu/index.ts';
import type { Budgets } from '../budgets/index.ts';
import type { Authority, TrustStore } from '../identity/index.ts';
import type { Peer, Room, Rooms, Tickets } from '../rooms/index.ts';
import type { Principal, Session } from '../sockets/index.ts';
import type { Accounts, Devices, Invitations } from '../store/index.ts';
import type { Telephony } from '../telephony/index.ts';

/** Stages of joining that are timed from the opening of the connection. */
export type JoinStage =
  | 'authenticated'
  | 'joined'
  | 'transport_created'
  | 'media_connected'
  | 'first_producer'
  | 'first_consumer';

/** What handlers work with. */
export interface HandlerContext {
  config: Config;
  log: Logger;
  sfu: Sfu;
  authority: Authority;
  trust: TrustStore;
  budgets: Budgets;
  accounts: Accounts;
  devices: Devices;
  invitations: Invitations;
  rooms: Rooms;
  tickets: Tickets;
  telephony: Telephony;
  /** Own web origins at this moment. */
  origins(): ReadonlySet<string>;
  /** The address people use. */
  publicUrl(): string;
  /** Whether the server is stopping and takes nobody in. */
  draining(): boolean;
  stage(session: Session, stage: JoinStage): void;
}

/** @throws CanopyError AUTH_REQUIRED */
export function requirePrincipal(session: Session): Principal {
  if (!session.principal) {
    throw new CanopyError('AUTH_REQUIRED');
  }
  return session.principal;
}

/** @throws CanopyError AUTH_REQUIRED, FORBIDDEN */
export function requireRole(session: Session, ...roles: Role[]): Principal {
  const principal = requirePrincipal(session);
  if (!roles.includes(principal.role)) {
    throw new CanopyError('FORBIDDEN', `requires the role ${roles.join(' or ')}`);
  }
  return principal;
}

/** The room and peer of a connection. @throws CanopyError ROOM_NOT_JOINED */
export function requireSeat(session: Session): { room: Room; peer: Peer } {
  const { seat } = session;
  if (!seat || seat.room.peers.get(seat.peer.peerId) !== seat.peer) {
    throw new CanopyError('ROOM_NOT_JOINED');
  }
  return seat;
}

/** Link of an invitation. The secret stands in the fragment, which browsers send to nobody; the CA's fingerprint pins the server. */
export function invitationUrl(publicUrl: string, secret: string, caFingerprintHex: string): string {
  const pin = Buffer.from(caFingerprintHex, 'hex').toString('base64url');
  return `${publicUrl.replace(/\/+$/, '')}/#/invite/${secret}.${pin}`;
}
