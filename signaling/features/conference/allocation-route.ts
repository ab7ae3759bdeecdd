import { CanopyError } from '../../../base/index.ts';
import { roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import { roomAllocation } from './allocation-rest.ts';

/** A route for administrators: who receives what in a room, and why. */
export function registerAllocationRoute(kernel: Kernel): void {
  kernel.adminRoutes('room.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/allocation',
      {
        schema: {
          description:
            'The current allocation of an open room: who receives which layers, based on which inputs, and why not more.',
          params: roomParams,
          response: { 200: roomAllocation, ...errorResponses },
        },
      },
      ({ params: { roomId } }) => {
        try {
          return kernel.sfu.explain(roomId);
        } catch (error) {
          // To an administrator, who joins no room, it is simply not open.
          throw CanopyError.from(error).code === 'ROOM_NOT_JOINED'
            ? new CanopyError('ROOM_UNKNOWN', roomId)
            : error;
        }
      },
    );
  });
}
