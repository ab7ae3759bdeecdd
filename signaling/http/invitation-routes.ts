import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CanopyError } from '../../base/index.ts';
import { invitationList, invitationParams, invitationQuery } from '../../contract/index.ts';
import type { Invitations } from '../store/index.ts';
import { registerWithApiKey } from './api-key.ts';
import { failed } from './error-response.ts';

const nothing = z.object({});

/** For administrators: list open invitations and withdraw them. */
export function registerInvitationRoutes(
  fastify: FastifyInstance,
  { invitations, apiKey }: { invitations: Invitations; apiKey: string },
): void {
  registerWithApiKey(fastify, apiKey, (app) => {
    app.get(
      '/api/invites',
      {
        schema: {
          description: 'Open invitations, latest first. Their links cannot be shown again.',
          querystring: invitationQuery,
          response: { 200: invitationList, ...failed },
        },
      },
      async ({ query }) => ({ invitations: await invitations.open(query) }),
    );
    app.delete(
      '/api/invites/:invitationId',
      {
        schema: {
          description: 'Withdraws an open invitation. Its link answers INVITE_EXPIRED from then on.',
          params: invitationParams,
          response: { 200: nothing, ...failed },
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
