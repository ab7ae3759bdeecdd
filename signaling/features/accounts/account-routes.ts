import { z } from 'zod';
import { demandScope, errorResponses, type Kernel, sendExport } from '../../kernel/index.ts';
import type { AccountAdministration } from './account-administration.ts';
import { EXPORT_PATH } from './account-handlers.ts';
import {
  accountDeviceParams,
  accountList,
  accountParams,
  accountQuery,
  reinstateResponse,
  revokeResponse,
  roleRequest,
  roleResponse,
} from './rest.ts';

/** Routes for administrators: list and revoke accounts, and change their roles. */
export function registerAccountRoutes(kernel: Kernel, administration: AccountAdministration): void {
  kernel.adminRoutes('account.administer', (app) => {
    app.get(
      '/api/accounts',
      {
        schema: {
          description: 'Accounts with their devices, latest enrolment first, revoked ones included.',
          querystring: accountQuery,
          response: { 200: accountList, ...errorResponses },
        },
      },
      async ({ query: { limit, before: after } }) => ({
        accounts: await administration.list({ limit, after }),
      }),
    );
    app.get(
      '/api/accounts/:accountId/export',
      {
        schema: {
          description:
            'Everything that the server keeps of an account, with what it wrote, as a ZIP file. Also needs the scope `chat:read`.',
          params: accountParams,
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { params, principal } = request;
        demandScope(principal, 'chat:read');
        await administration.describe(params.accountId);
        return sendExport(request, reply, 'account', kernel.exports.account(params.accountId, 'operator'));
      },
    );
    app.delete(
      '/api/accounts/:accountId',
      {
        schema: {
          description:
            'Deletes an account permanently, with everything that it wrote and the rooms that it owns; a room that has another owner goes over to them. Its connections end with CERT_REVOKED, and its certificates are never accepted again. A room or chat that others wrote in stays, without what this account wrote.',
          params: accountParams,
          response: { 200: revokeResponse, ...errorResponses },
        },
      },
      ({ params }) => administration.deleteAccount(params.accountId),
    );
    app.post(
      '/api/accounts/:accountId/revoke',
      {
        config: { act: 'account.revoke' },
        schema: {
          description:
            'Revokes an account until it is reinstated. Its connections end with CERT_REVOKED and its unused invitations expire. Revoking twice is harmless.',
          params: accountParams,
          response: { 200: revokeResponse, ...errorResponses },
        },
      },
      ({ params }) => administration.revokeAccount(params.accountId),
    );
    app.post(
      '/api/accounts/:accountId/devices/:deviceId/revoke',
      {
        config: { act: 'device.revoke' },
        schema: {
          description:
            'Revokes one device of an account until it is reinstated. Its connections end with CERT_REVOKED. Revoking twice is harmless.',
          params: accountDeviceParams,
          response: { 200: revokeResponse, ...errorResponses },
        },
      },
      ({ params }) => administration.revokeDevice(params.accountId, params.deviceId),
    );
    app.post(
      '/api/accounts/:accountId/reinstate',
      {
        config: { act: 'account.reinstate' },
        schema: {
          description:
            'Takes back the revocation of an account. Devices that were revoked themselves stay revoked, and its invitations and links stay ended.',
          params: accountParams,
          response: { 200: reinstateResponse, ...errorResponses },
        },
      },
      ({ params }) => administration.reinstateAccount(params.accountId),
    );
    app.post(
      '/api/accounts/:accountId/devices/:deviceId/reinstate',
      {
        config: { act: 'device.reinstate' },
        schema: {
          description: 'Takes back the revocation of one device.',
          params: accountDeviceParams,
          response: { 200: reinstateResponse, ...errorResponses },
        },
      },
      ({ params }) => administration.reinstateDevice(params.accountId, params.deviceId),
    );
    app.post(
      '/api/accounts/:accountId/role',
      {
        config: { act: 'account.setRole' },
        schema: {
          description:
            'Changes a person’s role, effective immediately even if they are connected. Nobody loses a seat. The role of a bridge cannot be changed.',
          params: accountParams,
          body: roleRequest,
          response: { 200: roleResponse, ...errorResponses },
        },
      },
      ({ params, body }) => administration.setRole(params.accountId, body.role),
    );
  });
  kernel.routes((app) => {
    app.get(
      EXPORT_PATH,
      {
        schema: {
          description: 'The export of one’s own account, a ZIP file, from a URL of `account.export`.',
          querystring: z.object({ ticket: z.string().max(300) }),
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const accountId = kernel.ticketHolder(request.query.ticket, { method: 'GET', path: EXPORT_PATH });
        await administration.describe(accountId);
        const zip = kernel.exports.account(accountId, {
          account: accountId,
          address: kernel.networkOf(request.raw),
        });
        return sendExport(request, reply, 'canopy-account', zip);
      },
    );
  });
}
