import { roomChange, roomDescription, roomParams } from '../../../contract/index.ts';
import { failed, type Kernel, OPERATOR } from '../../kernel/index.ts';
import type { RoomConfiguration } from './room-configuration.ts';

/** For administrators: read and change the settings of a room. */
export function registerRoomSettingsRoutes(kernel: Kernel, configuration: RoomConfiguration): void {
  kernel.adminRoutes('room.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/settings',
      {
        schema: {
          description:
            'Who owns a room, its title, and the roles and permissions that were changed. A room that nobody has used yet has the defaults.',
          params: roomParams,
          response: { 200: roomDescription, ...failed },
        },
      },
      ({ params }) => configuration.read(params.roomId),
    );
    app.patch(
      '/api/rooms/:roomId/settings',
      {
        schema: {
          description:
            'Changes a room, at once for those inside. What the body does not name stays as it is; null resets it.',
          params: roomParams,
          body: roomChange,
          response: { 200: roomDescription, ...failed },
        },
      },
      ({ params, body }) => configuration.change(OPERATOR, params.roomId, body),
    );
  });
}
