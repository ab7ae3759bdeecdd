import { z } from 'zod';
import { roomDescription, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel, OPERATOR } from '../../kernel/index.ts';
import { deletedRoom, newRoom, savedRoomQuery, savedRooms } from './rest.ts';
import { deleteRoom } from './room-deletion.ts';
import type { RoomsFeature } from './room-handlers.ts';
import { invitationOf } from './room-invitation.ts';

/** Routes for administrators: create, list and delete rooms, and get their invitations. */
export function registerSavedRoomRoutes(kernel: Kernel, feature: RoomsFeature): void {
  const { configuration, creation, lists } = feature;
  kernel.adminRoutes('room.administer', (app) => {
    app.post(
      '/api/rooms',
      {
        config: { act: 'room.create' },
        schema: {
          description: 'Creates a room, for an owner or for nobody.',
          body: newRoom,
          response: { 200: roomDescription, ...errorResponses },
        },
      },
      ({ body }) => creation.create(OPERATOR, body),
    );
    app.get(
      '/api/saved-rooms',
      {
        schema: {
          description: 'Stored rooms, whether or not they are open, latest first.',
          querystring: savedRoomQuery,
          response: { 200: savedRooms, ...errorResponses },
        },
      },
      async ({ query }) => ({ rooms: await lists.all(query) }),
    );
    app.delete(
      '/api/saved-rooms/:roomId',
      {
        config: { act: 'room.delete' },
        schema: {
          description:
            'Deletes a room with everything stored about it. Connections in it end with ROOM_DELETED. To end only the current call, use `DELETE /api/rooms/{roomId}`.',
          params: roomParams,
          response: { 200: deletedRoom, ...errorResponses },
        },
      },
      ({ params }) => deleteRoom(kernel, feature, OPERATOR, params.roomId),
    );
    app.get(
      '/api/rooms/:roomId/invitation.ics',
      {
        schema: {
          description:
            'The invitation to a scheduled meeting, or its cancellation, for calendars (RFC 5545). It has a link for people without an account only with the scope `links:write`.',
          params: roomParams,
          produces: ['text/calendar'],
          response: { 200: z.string(), ...errorResponses },
        },
      },
      async ({ params, principal }, reply) => {
        const room = await configuration.read(params.roomId);
        const ics = await invitationOf(kernel, principal, room);
        return reply.type('text/calendar; charset=utf-8').send(ics);
      },
    );
  });
}
