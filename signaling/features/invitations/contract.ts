/** One-time invitations. */
import { z } from 'zod';
import {
  displayName,
  type invitationList,
  invitationSecret,
  invitationTtlSeconds,
  inviteResponse,
  type nothing,
  role,
  roomId,
} from '../../../contract/index.ts';

export const INVITATION_REQUESTS = {
  /** Redeems an invitation for the account that is signed in. */
  'invite.redeem': {
    data: z.object({ secret: invitationSecret }),
    result: z.object({ role, roomId: roomId.optional() }),
  },
  /** Creates a one-time invitation. Members may invite guests to a room, admins anyone. */
  'invite.create': {
    data: z.object({
      role: role.default('guest'),
      roomId: roomId.optional(),
      displayName: displayName.optional(),
      ttlSeconds: invitationTtlSeconds,
    }),
    result: inviteResponse,
  },
} as const;

type InvitationRequests = typeof INVITATION_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends InvitationRequests {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/invites': typeof invitationList;
    'DELETE /api/invites/:invitationId': typeof nothing;
  }
}
