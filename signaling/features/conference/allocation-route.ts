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
      (request) => kernel.sfu.explain(request.params.roomId),
    );
  });
}
