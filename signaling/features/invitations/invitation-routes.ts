import { CanopyError } from '../../../base/index.ts';
import {
  invitationList,
  invitationParams,
  invitationQuery,
  inviteRequest,
  inviteResponse,
  nothing,
} from '../../../contract/index.ts';
import { demandInvitingTo, errorResponses, isConfinedToRooms, type Kernel } from '../../kernel/index.ts';
import { invitationUrl } from './invitation-url.ts';
import type { Invitations } from './invitations.ts';

/** Routes for administrators: create invitations, list the open ones, and withdraw them. */
export function registerInvitationRoutes(kernel: Kernel, invitations: Invitations): void {
  const { authority, origins } = kernel;
  kernel.adminRoutes('invitation.administer', (app) => {
    app.post(
      '/api/invites',
      {
        schema: {
          description:
            'Creates a one-time invitation link. Inviting an admin or a bridge also needs the scope `accounts:write`.',
          body: inviteRequest,
          response: { 200: inviteResponse, ...errorResponses },
        },
        config: { act: 'invite.create', rateLimit: { max: 600, timeWindow: '1 minute' } },
        onRequest: async ({ headers }) => origins.require(headers.origin),
      },
      async ({ body, principal }) => {
        demandInvitingTo(principal, body.role);
        if (isConfinedToRooms(body.role) && body.roomId === undefined) {
          throw new CanopyError('BAD_REQUEST', 'roomId: required for role guest');
        }
        const { secret, expiresAtMs } = await invitations.create(body);
        return {
          secret,
          expiresAtMs,
          url: invitationUrl(kernel.linkOrigin(), secret, authority.fingerprint),
        };
      },
    );
    app.get(
      '/api/invites',
      {
        schema: {
          description: 'Open invitations, latest first. Their links cannot be shown again.',
          querystring: invitationQuery,
          response: { 200: invitationList, ...errorResponses },
        },
      },
      async ({ query: { limit, before } }) => ({
        invitations: await invitations.open({ limit, after: before }),
      }),
    );
    app.delete(
      '/api/invites/:invitationId',
      {
        config: { act: 'invite.withdraw' },
        schema: {
          description: 'Withdraws an open invitation. From then on its link is refused with INVITE_EXPIRED.',
          params: invitationParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { invitationId } }) => {
        if (!(await invitations.withdraw(invitationId))) {
          throw new CanopyError('INVITE_UNKNOWN', 'no open invitation has this id');
        }
        return {};
      },
    );
  });
}
