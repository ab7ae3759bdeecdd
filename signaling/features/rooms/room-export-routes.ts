import { z } from 'zod';
import { roomParams } from '../../../contract/index.ts';
import { demandScope, errorResponses, type Kernel, sendExport } from '../../kernel/index.ts';

/** Where an owner gets the export of a room. */
export function exportPath(roomId: string): string {
  return `/api/export/rooms/${encodeURIComponent(roomId)}`;
}

/** Routes for exports of rooms: for administrators, and for owners with a ticket from `room.export`. */
export function registerRoomExportRoutes(kernel: Kernel): void {
  kernel.adminRoutes('chat.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/export',
      {
        schema: {
          description:
            'The settings of a room, its whole chat with files, and its polls, as a ZIP file. Also needs the scope `rooms:read`.',
          params: roomParams,
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { roomId } = request.params;
        demandScope(request.principal, 'rooms:read', roomId);
        return sendExport(request, reply, 'room', kernel.exports.room(roomId, 'operator'));
      },
    );
  });
  kernel.routes((app) => {
    app.get(
      '/api/export/rooms/:roomId',
      {
        schema: {
          description: 'The export of a room, a ZIP file, for its owner, from a URL of `room.export`.',
          params: roomParams,
          querystring: z.object({ ticket: z.string().max(300) }),
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { roomId } = request.params;
        const accountId = kernel.ticketHolder(request.query.ticket, {
          method: 'GET',
          path: exportPath(roomId),
        });
        const zip = kernel.exports.room(roomId, {
          account: accountId,
          address: kernel.networkOf(request.raw),
        });
        return sendExport(request, reply, 'canopy-room', zip);
      },
    );
  });
}
