/** Who may do what: the only place where roles are compared. */
export type { ActionInRoom, AdminAction, ServerAction } from './actions.ts';
export {
  defaultPermissions,
  demand,
  isConfinedToRooms,
  isNamed,
  isPhoneGateway,
  may,
  mayBeCalled,
  mayCallNumbers,
  mayEnterLocked,
  mayHaveKeys,
  mayOwn,
  otherOwner,
  type RoomPolicy,
  roomRoleOf,
  UNCHANGED,
} from './policy.ts';
export { demandInvitingTo, demandScope, scopeOf } from './scopes.ts';
