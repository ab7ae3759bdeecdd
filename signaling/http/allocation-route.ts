import type { FastifyInstance } from 'fastify';
import { roomAllocation, roomParams } from '../../contract/index.ts';
import type { Sfu } from '../../sfu/index.ts';
import { registerWithApiKey } from './api-key.ts';
import { failed } from './error-response.ts';

/** For administrators: who receives what in a room, and why. */
export function registerAllocationRoute(
  fastify: FastifyInstance,
  { sfu, apiKey }: { sfu: Pick<Sfu, 'explain'>; apiKey: string },
): void {
  registerWithApiKey(fastify, apiKey, (app) => {
    app.get(
      '/api/rooms/:roomId/allocation',
      {
        schema: {
          description:
            'The current allocation of an open room: who receives which layers, from what inputs, and why not more.',
          params: roomParams,
          response: { 200: roomAllocation, ...failed },
        },
      },
      (request) => sfu.explain(request.params.roomId),
    );
  });
}
