import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError } from '../../base/index.ts';
import type { AccountAdministration } from '../account-administration.ts';
import {
  accountDeviceParams,
  accountList,
  accountParams,
  accountQuery,
  revokeResponse,
} from '../protocol/index.ts';
import { bearerMatches } from './app.ts';
import { errorResponse } from './error-response.ts';

const KEY = 'Authorization: Bearer and the key of the file api.key in the data folder.';

/** For administrators: who is known, and to revoke them. */
export function registerAccountRoutes(
  fastify: FastifyInstance,
  { administration, apiKey }: { administration: AccountAdministration; apiKey: string },
): void {
  // A plugin, so that the key is asked for here and nowhere else.
  fastify.register(async (scope) => {
    const app = scope.withTypeProvider<ZodTypeProvider>();
    const failed = { '4xx': errorResponse, '5xx': errorResponse };
    app.addHook('onRequest', async (request: FastifyRequest) => {
      if (!bearerMatches(request.headers.authorization, apiKey)) {
        throw new CanopyError('API_KEY_INVALID');
      }
    });

    app.get(
      '/api/accounts',
      {
        schema: {
          description: `Accounts with their devices, revoked ones too, those that enrolled last first. ${KEY}`,
          querystring: accountQuery,
          response: { 200: accountList, ...failed },
        },
      },
      async ({ query }) => ({ accounts: await administration.list(query) }),
    );
    app.post(
      '/api/accounts/:accountId/revoke',
      {
        schema: {
          description: `Revokes an account for good. Its connections end with CERT_REVOKED and its unused invitations expire; to repeat it does no harm. ${KEY}`,
          params: accountParams,
          response: { 200: revokeResponse, ...failed },
        },
      },
      ({ params }) => administration.revokeAccount(params.accountId),
    );
    app.post(
      '/api/accounts/:accountId/devices/:deviceId/revoke',
      {
        schema: {
          description: `Revokes one device of an account for good; the others stay. Its connections end with CERT_REVOKED; to repeat it does no harm. ${KEY}`,
          params: accountDeviceParams,
          response: { 200: revokeResponse, ...failed },
        },
      },
      ({ params }) => administration.revokeDevice(params.accountId, params.deviceId),
    );
  });
}
