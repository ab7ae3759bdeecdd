import { clientAddress, networkOf } from '../../../base/index.ts';
import {
  linkList,
  linkParams,
  linkRenewal,
  linkRequest,
  nothing,
  openedLink,
  openedLinkRequest,
  roomLink,
  roomParams,
} from '../../../contract/index.ts';
import { errorResponses, type Kernel, OPERATOR, type StrangerRate } from '../../kernel/index.ts';
import type { LinkAdministration } from './link-administration.ts';
import { find } from './link-handlers.ts';
import type { RoomLinks } from './room-links.ts';

/** Routes for administrators: make, list, renew and withdraw room links. */
export function registerLinkRoutes(kernel: Kernel, administration: LinkAdministration): void {
  kernel.adminRoutes('link.administer', (app) => {
    app.post(
      '/api/rooms/:roomId/links',
      {
        config: { act: 'link.create' },
        schema: {
          description:
            'Creates a link to a room that any number of people can use; those without an account wait in the lobby.',
          params: roomParams,
          body: linkRequest,
          response: { 200: roomLink, ...errorResponses },
        },
      },
      ({ params, body }) => administration.create(OPERATOR, params.roomId, body),
    );
    app.get(
      '/api/rooms/:roomId/links',
      {
        schema: {
          description: 'The room’s valid links, oldest first, and who waits in its lobby.',
          params: roomParams,
          response: { 200: linkList, ...errorResponses },
        },
      },
      ({ params }) => administration.list(OPERATOR, params.roomId),
    );
    app.post(
      '/api/links/:linkId/renew',
      {
        config: { act: 'link.renew' },
        schema: {
          description: 'Replaces a room link by a new one. The old one is refused with LINK_WITHDRAWN.',
          params: linkParams,
          body: linkRenewal,
          response: { 200: roomLink, ...errorResponses },
        },
      },
      ({ params, body }) => administration.renew(OPERATOR, params.linkId, body),
    );
    app.delete(
      '/api/links/:linkId',
      {
        config: { act: 'link.withdraw' },
        schema: {
          description:
            'Withdraws a room link. From then on it is refused with LINK_WITHDRAWN; people who were admitted stay.',
          params: linkParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params }) => {
        await administration.withdraw(OPERATOR, params.linkId);
        return {};
      },
    );
  });
}

/** The route on which someone who opens a room link learns where it leads. */
export function registerOpenedLinkRoute(kernel: Kernel, links: RoomLinks, rate: StrangerRate): void {
  const { config, origins, rooms } = kernel;
  kernel.routes((app) => {
    app.post(
      '/api/links/open',
      {
        schema: {
          description:
            'Where a room link leads, and who made it. Takes the secret in the body, since logs keep addresses.',
          body: openedLinkRequest,
          response: { 200: openedLink, '4xx': errorResponses['4xx'] },
        },
        onRequest: async ({ headers }) => origins.require(headers.origin),
      },
      async ({ raw, body }) => {
        const network = networkOf(clientAddress(raw, config.server.trustProxy));
        rate.take(network);
        const link = await find(links, body.secret, () => rate.guessed(network));
        const record = await rooms.record(link.room_id);
        return {
          roomId: link.room_id,
          title: record.title,
          invitedBy: (await links.creatorOf(link))?.displayName ?? null,
          lobby: record.lobby !== 'off',
          isOpen: rooms.find(link.room_id) !== undefined,
          expiresAtMs: link.expires_at_ms,
        };
      },
    );
  });
}
