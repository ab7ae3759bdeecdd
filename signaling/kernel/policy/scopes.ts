import { CanopyError } from '../../../base/index.ts';
import { type Role, SCOPES, type Scope } from '../../../contract/index.ts';
import type { TokenPrincipal } from '../principals/index.ts';
import type { AdminAction } from './actions.ts';

/** What the scopes of each part of the operator's API begin with. */
const RESOURCES: Record<AdminAction, string> = {
  'account.administer': 'accounts',
  'invitation.administer': 'invitations',
  'link.administer': 'links',
  'stream.administer': 'streams',
  'room.administer': 'rooms',
  'chat.administer': 'chat',
  'recording.administer': 'recordings',
  'telephony.administer': 'phones',
  'call.administer': 'calls',
  'token.administer': 'tokens',
  'audit.administer': 'audit',
  'server.administer': 'server',
  'webhook.administer': 'webhooks',
};

/** The scope that a request to this part of the operator's API needs. */
export function scopeOf(action: AdminAction, method: string): Scope {
  const scope = `${RESOURCES[action]}:${method === 'GET' || method === 'HEAD' ? 'read' : 'write'}`;
  if (!Object.hasOwn(SCOPES, scope)) {
    throw new Error(`there is no scope ${scope}`);
  }
  return scope as Scope;
}

/**
 * Checks that a token has a scope and reaches a room.
 *
 * @param roomId the room that the request is about; undefined: it is not about one room
 * @throws {CanopyError} SCOPE_MISSING - the detail names the scope, or says that the token is limited to certain rooms
 */
export function demandScope({ scopes, rooms }: TokenPrincipal, scope: Scope, roomId?: string): void {
  if (!scopes.has(scope)) {
    throw new CanopyError('SCOPE_MISSING', scope);
  }
  if (rooms !== null && (roomId === undefined || !rooms.has(roomId))) {
    throw new CanopyError(
      'SCOPE_MISSING',
      roomId === undefined
        ? 'this token is limited to certain rooms, and the request is not about one of them'
        : `room ${roomId}`,
    );
  }
}

/** Checks that a token may invite to a role: admins and bridges have more rights than most tokens. @throws {CanopyError} SCOPE_MISSING */
export function demandInvitingTo(principal: TokenPrincipal, role: Role): void {
  if (role === 'admin' || role === 'bridge') {
    demandScope(principal, 'accounts:write');
  }
}
