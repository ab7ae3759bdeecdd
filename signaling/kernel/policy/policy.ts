import { CanopyError } from '../../../base/index.ts';
import { type Role, type RoomDescription, type RoomRole, roomAction } from '../../../contract/index.ts';
import type { PeerPrincipal, PhonePrincipal, Principal } from '../principals/index.ts';
import { type ActionInRoom, PHRASES, type ServerAction } from './actions.ts';
import { IN_ROOM, ON_SERVER, type ServerStanding, type Standing } from './defaults.ts';

/** What of a room decides who may do what in it. */
export type RoomPolicy = Readonly<Pick<RoomDescription, 'ownerId' | 'permissions' | 'roles'>>;

/** A room that nobody owns and whose settings nobody changed. */
export const UNCHANGED: RoomPolicy = { ownerId: null, permissions: {}, roles: {} };

const CONFIGURABLE: ReadonlySet<ActionInRoom> = new Set(roomAction.options);

type RoomQuestion = [principal: Principal, action: ActionInRoom, room: RoomPolicy, target?: Principal];
type Question = RoomQuestion | [principal: Principal, action: ServerAction];

/**
 * Whether somebody may do something, in a room or on the server. Every right is decided here.
 *
 * @param target the principal that it is done to, where it matters who that is
 */
export function may(...question: Question): boolean {
  return refusal(question) === undefined;
}

/** @throws {CanopyError} FORBIDDEN - saying which role lacks which right */
export function demand(...question: Question): void {
  const detail = refusal(question);
  if (detail !== undefined) {
    throw new CanopyError('FORBIDDEN', detail);
  }
}

/** The role that is shown of somebody in a room. */
export function roomRoleOf(
  principal: PeerPrincipal | PhonePrincipal,
  room: RoomPolicy,
): RoomRole | undefined {
  const standing = standingIn(principal, room);
  if (standing === 'admin') {
    return 'owner';
  }
  return standing === 'bridge' ? undefined : standing;
}

/** Whether an owner or the operator let this very account into the room. */
export function isNamed(principal: Principal, { roles }: RoomPolicy): boolean {
  return principal.kind === 'device' && Object.hasOwn(roles, principal.accountId);
}

/** Whether somebody becomes the owner of a room that nobody owns by opening it. */
export function mayOwn(principal: Principal): boolean {
  return principal.kind === 'device' && principal.role !== 'guest';
}

/** Whether accounts of this role belong to the rooms of their invitations alone, and for a short time. */
export function isConfinedToRooms(role: Role): boolean {
  return role === 'guest';
}

function refusal(question: Question): string | undefined {
  if (isAboutRoom(question)) {
    const [principal, asked, room, target] = question;
    const action = target && isHigher(asked, target) ? 'participant.kickAdmin' : asked;
    const standing = standingIn(principal, room);
    return permits(room, standing, action)
      ? undefined
      : `your role in this room (${standing}) does not let you ${PHRASES[action]}`;
  }
  const [principal, action] = question;
  const standing = standingOnServer(principal);
  return ON_SERVER[standing].has(action)
    ? undefined
    : `your role on this server (${standing}) does not let you ${PHRASES[action]}`;
}

function isAboutRoom(question: Question): question is RoomQuestion {
  return question.length > 2;
}

function isHigher(action: ActionInRoom, target: Principal): boolean {
  return action === 'participant.kick' && target.kind === 'device' && target.role === 'admin';
}

function standingIn(principal: Principal, { ownerId, roles }: RoomPolicy): Standing {
  switch (principal.kind) {
    case 'token':
      return 'admin';
    case 'bridge':
      return 'bridge';
    case 'phone':
      return 'speaker';
    case 'device': {
      const { accountId, role } = principal;
      if (role === 'admin') {
        return 'admin';
      }
      if (accountId === ownerId && mayOwn(principal)) {
        return 'owner';
      }
      const given = Object.hasOwn(roles, accountId) ? roles[accountId] : undefined;
      return given ?? (role === 'member' ? 'moderator' : 'speaker');
    }
  }
}

function standingOnServer(principal: Principal): ServerStanding {
  if (principal.kind === 'device') {
    return principal.role;
  }
  return principal.kind === 'bridge' && principal.isGateway ? 'gateway' : principal.kind;
}

function permits({ permissions }: RoomPolicy, standing: Standing, action: ActionInRoom): boolean {
  const chosen: readonly ActionInRoom[] | undefined =
    standing === 'moderator' || standing === 'speaker' || standing === 'viewer'
      ? permissions[standing]
      : undefined;
  // What the contract does not list is no matter of settings.
  return chosen && CONFIGURABLE.has(action) ? chosen.includes(action) : IN_ROOM[standing].has(action);
}
