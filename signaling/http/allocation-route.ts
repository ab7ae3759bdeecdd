import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { CanopyError } from '../../base/index.ts';
import type { Sfu } from '../../sfu/index.ts';
import { roomAllocation, roomParams } from '../protocol/index.ts';
import { bearerMatches } from './app.ts';
import { errorResponse } from './error-response.ts';

/** For administrators: who receives what in a room, and why. */
export function registerAllocationRoute(
  fastify: FastifyInstance,
  { sfu, apiKey }: { sfu: Pick<Sfu, 'explain'>; apiKey: string },
): void {
  fastify.withTypeProvider<ZodTypeProvider>().get(
    '/api/rooms/:roomId/allocation',
    {
      schema: {
        description:
          'Who receives which layers of which pictures in an open room, from what that was decided, and why it is not more. Authorization: Bearer and the key of the file api.key in the data folder.',
        params: roomParams,
        response: { 200: roomAllocation, '4xx': errorResponse, '5xx': errorResponse },
      },
    },
    ({ headers, params: { roomId } }) => {
      if (!bearerMatches(headers.authorization, apiKey)) {
        throw new CanopyError('API_KEY_INVALID');
      }
      return sfu.explain(roomId);
    },
  );
}
