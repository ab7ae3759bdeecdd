import { CanopyError } from '../../../base/index.ts';
import {
  type EncryptionPolicy,
  type Role,
  type RoomAction,
  type RoomDescription,
  type RoomRole,
  roomAction,
} from '../../../contract/index.ts';
import type {
  AccountHolder,
  PhonePrincipal,
  Principal,
  SeatPrincipal,
  Visitor,
} from '../principals/index.ts';
import { type ActionInRoom, PHRASES, type ServerAction } from './actions.ts';
import { IN_ROOM, ON_SERVER, type ServerStanding, type Standing } from './defaults.ts';

/** The part of a room's record that decides permissions. */
export interface RoomPolicy extends Readonly<Pick<RoomDescription, 'ownerId' | 'permissions' | 'roles'>> {
  /** The accounts of a direct call: nobody else may do anything in its room. Absent in all other rooms. */
  readonly parties?: readonly string[] | undefined;
  /** Whether one of them is on a phone, which the server's gateway brings into the room. */
  readonly onPhone?: boolean | undefined;
}

/** The policy of a room without an owner and with default settings. */
export const UNCHANGED: RoomPolicy = { ownerId: null, permissions: {}, roles: {} };

const CONFIGURABLE: ReadonlySet<ActionInRoom> = new Set(roomAction.options);

/** Whom an action affects, or who takes it. */
type Target = Principal | AccountHolder;

type RoomQuestion = [principal: Target, action: ActionInRoom, room: RoomPolicy, target?: Target];
type Question = RoomQuestion | [principal: Principal, action: ServerAction];

/**
 * Whether a principal may take an action, in a room or on the server. All permissions are decided here.
 *
 * @param target the principal that the action affects, if that matters
 */
export function may(...question: Question): boolean {
  return refusal(question) === undefined;
}

/** Checks as may() does. @throws {CanopyError} FORBIDDEN - the detail says which role lacks which right */
export function demand(...question: Question): void {
  const detail = refusal(question);
  if (detail !== undefined) {
    throw new CanopyError('FORBIDDEN', detail);
  }
}

/** The role of a principal in a room, as the roster shows it; undefined for a bridge. */
export function roomRoleOf(
  principal: SeatPrincipal | PhonePrincipal,
  room: RoomPolicy,
): RoomRole | undefined {
  const standing = standingIn(principal, room);
  if (standing === 'admin') {
    return 'owner';
  }
  if (standing === 'party') {
    return 'speaker';
  }
  return standing === 'bridge' || standing === 'outsider' ? undefined : standing;
}

/** What each role may do in rooms with default settings, of what owners may change. */
export function defaultPermissions(): Record<'moderator' | 'speaker' | 'viewer', RoomAction[]> {
  const actionsOf = (role: RoomRole) => roomAction.options.filter((action) => IN_ROOM[role].has(action));
  return { moderator: actionsOf('moderator'), speaker: actionsOf('speaker'), viewer: actionsOf('viewer') };
}

/** Whether an owner or the operator gave this account a role in the room. */
export function isNamed(principal: Target, { roles }: RoomPolicy): boolean {
  return principal.kind === 'device' && Object.hasOwn(roles, principal.accountId);
}

/** Another account that the room's settings name as an owner. */
export function otherOwner({ roles }: RoomPolicy, accountId: string): string | undefined {
  return Object.keys(roles).find((id) => id !== accountId && roles[id] === 'owner');
}

/**
 * Whether a locked room admits the principal: owners, and whoever an owner appointed as moderator. Members are moderators by default, so that
 * alone does not count. The server's gateway is admitted for calls from inside; phones that call in are not.
 */
export function mayEnterLocked(principal: Principal | Visitor, room: RoomPolicy): boolean {
  if (principal.kind === 'bridge') {
    return principal.isGateway;
  }
  return (
    may(principal, 'room.configure', room) || (isNamed(principal, room) && may(principal, 'room.lock', room))
  );
}

/** Whether the principal becomes the owner when it opens a room without one. */
export function mayOwn(principal: Target): boolean {
  return principal.kind === 'device' && principal.role !== 'guest';
}

/** Whether an account can be called directly: whoever may call. */
export function mayBeCalled(holder: AccountHolder): boolean {
  return holder.kind === 'device' && ON_SERVER[holder.role].has('person.call');
}

/** Whether an account may call telephone numbers. */
export function mayCallNumbers(holder: AccountHolder): boolean {
  return holder.kind === 'device' && ON_SERVER[holder.role].has('number.call');
}

/** Whether this is the phone gateway of the deployment, which brings phones where people send them. */
export function isPhoneGateway(principal: Principal | Visitor): boolean {
  return principal.kind === 'bridge' && principal.isGateway;
}

/** Whether the principal may have a room's keys: people's devices, and the phone gateway where the room allows phones. */
export function mayHaveKeys(principal: SeatPrincipal, encryption: Exclude<EncryptionPolicy, 'off'>): boolean {
  return principal.kind === 'device' || (encryption === 'allow-phones' && isPhoneGateway(principal));
}

/** Whether accounts with this role may enter only the rooms they are invited to, and are short-lived. */
export function isConfinedToRooms(role: Role): boolean {
  return role === 'guest';
}

function refusal(question: Question): string | undefined {
  if (isAboutRoom(question)) {
    const [principal, asked, room, target] = question;
    const action = (target && ABOVE[standingIn(target, room)]?.[asked]) ?? asked;
    const standing = standingIn(principal, room);
    if (principal.kind === 'token' && action === 'room.invite' && !principal.scopes.has('links:write')) {
      return 'this token has no scope links:write';
    }
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

/** Removing and banning people of a higher standing are actions of their own. */
const ABOVE: { [S in Standing]?: { [A in ActionInRoom]?: ActionInRoom } } = {
  admin: { 'participant.kick': 'participant.kickAdmin', 'participant.ban': 'participant.banAdmin' },
  owner: { 'participant.ban': 'participant.banOwner' },
  bridge: { 'participant.ban': 'participant.banBridge' },
};

function standingIn(principal: Target, { ownerId, roles, parties, onPhone }: RoomPolicy): Standing {
  if (parties) {
    if (onPhone && 'isGateway' in principal && principal.isGateway) {
      return 'bridge';
    }
    const isParty =
      principal.kind === 'device'
        ? parties.includes(principal.accountId)
        : principal.kind === 'phone' && onPhone;
    return isParty ? 'party' : 'outsider';
  }
  switch (principal.kind) {
    case 'token':
      return 'admin';
    case 'bridge':
      return 'bridge';
    case 'phone':
      return principal.isModerator ? 'moderator' : 'speaker';
    case 'newcomer':
      return 'speaker';
    case 'stream':
      return principal.direction === 'publish' ? 'speaker' : 'viewer';
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
  return isPhoneGateway(principal) ? 'gateway' : principal.kind;
}

function permits({ permissions }: RoomPolicy, standing: Standing, action: ActionInRoom): boolean {
  const chosen: readonly ActionInRoom[] | undefined =
    standing === 'moderator' || standing === 'speaker' || standing === 'viewer'
      ? permissions[standing]
      : undefined;
  // Settings apply only to the actions that the contract lists.
  return chosen && CONFIGURABLE.has(action) ? chosen.includes(action) : IN_ROOM[standing].has(action);
}
