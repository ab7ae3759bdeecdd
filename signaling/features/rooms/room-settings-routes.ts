import { roomChange, roomDescription, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel, OPERATOR } from '../../kernel/index.ts';
import type { RoomConfiguration } from './room-configuration.ts';

/** Routes for administrators: read and change the settings of a room. */
export function registerRoomSettingsRoutes(kernel: Kernel, configuration: RoomConfiguration): void {
  kernel.adminRoutes('room.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/settings',
      {
        schema: {
          description:
            'A room’s owner, title, and changed roles and permissions. A room that nobody has used yet has the defaults.',
          params: roomParams,
          response: { 200: roomDescription, ...errorResponses },
        },
      },
      ({ params }) => configuration.read(params.roomId),
    );
    app.patch(
      '/api/rooms/:roomId/settings',
      {
        config: { act: 'room.configure' },
        schema: {
          description:
            'Changes a room, effective immediately for people inside. Omitted fields stay unchanged; null resets a field.',
          params: roomParams,
          body: roomChange,
          response: { 200: roomDescription, ...errorResponses },
        },
      },
      ({ params, body }) => configuration.change(OPERATOR, params.roomId, body),
    );
  });
}
