import { nothing, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel, OPERATOR } from '../../kernel/index.ts';
import type { Bans } from './bans.ts';
import { banList, banParams, banRequest } from './rest.ts';

/** Routes for administrators: list, add and lift the bans of a room. */
export function registerBanRoutes(kernel: Kernel, bans: Bans): void {
  kernel.adminRoutes('room.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/bans',
      {
        schema: {
          description: 'The accounts banned from a room, latest first.',
          params: roomParams,
          response: { 200: banList, ...errorResponses },
        },
      },
      async ({ params }) => ({ bans: await bans.list(await kernel.rooms.record(params.roomId)) }),
    );
    app.post(
      '/api/rooms/:roomId/bans',
      {
        config: { act: 'ban.add' },
        schema: {
          description:
            'Bans an account from a room, open or not, and removes it on all devices. Connections end with BANNED. Admins and bridges cannot be banned.',
          params: roomParams,
          body: banRequest,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params, body }) => {
        const account = await bans.requireAccount(body.accountId);
        const room = await kernel.rooms.record(params.roomId);
        await bans.add(
          room,
          account,
          { link: body.link, displayName: account.displayName },
          { principal: OPERATOR },
        );
        return {};
      },
    );
    app.delete(
      '/api/rooms/:roomId/bans/:accountId',
      {
        config: { act: 'ban.lift' },
        schema: {
          description: 'Lifts a ban. Lifting one that does not exist changes nothing.',
          params: banParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, accountId } }) => {
        await bans.lift(await kernel.rooms.record(roomId), accountId, { principal: OPERATOR });
        return {};
      },
    );
  });
}
