import { nothing, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import { closeRoomResponse, muteRequest, roomList, roomParticipantParams } from './rest.ts';
import type { RoomAdministration } from './room-administration.ts';

/** Routes for administrators: list rooms with their participants, and moderate them. */
export function registerRoomRoutes(kernel: Kernel, administration: RoomAdministration): void {
  kernel.adminRoutes('room.administer', (app) => {
    app.get(
      '/api/rooms',
      {
        schema: {
          description: 'Open rooms with their participants.',
          response: { 200: roomList, ...errorResponses },
        },
      },
      async () => ({ rooms: administration.list() }),
    );
    app.delete(
      '/api/rooms/:roomId',
      {
        config: { act: 'room.close' },
        schema: {
          description:
            'Closes a room. Connections in it end with ROOM_CLOSED and its phone calls end. Nobody is barred: the room reopens when someone enters.',
          params: roomParams,
          response: { 200: closeRoomResponse, ...errorResponses },
        },
      },
      async ({ params }) => administration.close(params.roomId),
    );
    app.post(
      '/api/rooms/:roomId/participants/:participantId/mute',
      {
        config: { act: 'participant.mute' },
        schema: {
          description: 'Mutes a participant, or unmutes a phone. People can only unmute themselves.',
          params: roomParticipantParams,
          body: muteRequest,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, participantId }, body: { muted, deny } }) => {
        await administration.mute(roomId, participantId, muted, deny);
        return {};
      },
    );
    app.delete(
      '/api/rooms/:roomId/participants/:participantId',
      {
        config: { act: 'participant.kick' },
        schema: {
          description:
            'Removes a participant. A person’s connection ends with KICKED and the account is barred from the room for five minutes, unless it is an admin’s. A phone’s call ends.',
          params: roomParticipantParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, participantId } }) => {
        administration.remove(roomId, participantId);
        return {};
      },
    );
  });
}
