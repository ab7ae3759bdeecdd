import { z } from 'zod';
import { nothing, roomParams } from '../../../contract/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import { csvOf, resultsOf } from './poll-export.ts';
import type { Polls } from './polls.ts';
import { pollParams, pollResults, pollsQuery } from './rest.ts';

/** Routes for administrators: read and delete the polls of a room. */
export function registerPollRoutes(kernel: Kernel, polls: Polls): void {
  kernel.adminRoutes('chat.administer', (app) => {
    app.get(
      '/api/rooms/:roomId/polls',
      {
        schema: {
          description:
            'The polls of a room with their results, oldest first, as JSON or as a CSV file (UTC). Nobody is told who chose what in an anonymous poll.',
          params: roomParams,
          querystring: pollsQuery,
          response: { 200: z.union([pollResults, z.string()]), ...errorResponses },
        },
      },
      async ({ params: { roomId }, query: { format } }, reply) => {
        const results = await resultsOf(polls, roomId);
        if (format === 'json') {
          return { polls: results };
        }
        reply.header('content-type', 'text/csv; charset=utf-8');
        reply.header('content-disposition', 'attachment; filename="polls.csv"');
        return reply.serializer((text) => text as string).send(csvOf(results));
      },
    );
    app.delete(
      '/api/rooms/:roomId/polls/:pollId',
      {
        config: { act: 'poll.delete' },
        schema: {
          description: 'Deletes a poll with its votes.',
          params: pollParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, pollId } }) => {
        await polls.remove(roomId, pollId);
        return {};
      },
    );
  });
}
