import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CanopyError, clientAddress } from '../../../../../base/index.ts';
import { isSound, objectId, sharedRecording, sharedRecordingRequest } from '../../../../../contract/index.ts';
import {
  errorResponses,
  type Kernel,
  NestedBudget,
  NetworkRate,
  StrangerRate,
} from '../../../../kernel/index.ts';
import type { Compositions } from '../../compositions.ts';
import type { Library } from '../library.ts';
import { PLAY_MS } from '../library-handlers.ts';
import { BYTES, sendComposition, sendEvents, sendTrack } from '../recording-routes.ts';
import { ticketQuery, trackFile } from '../rest.ts';
import type { Shared, Sharing } from './sharing.ts';

/** How often a link is checked while something is transferred, in milliseconds. */
const RECHECK_MS = 3000;

const shareParams = z.object({ shareId: objectId });

/** Where the files of a shared recording are fetched. */
function pathOf(shareId: string): string {
  return `/api/shared-recordings/${shareId}`;
}

/** Routes for people with a link to a recording and no account: they may play it, and nothing else. */
export function registerShareRoutes(
  kernel: Kernel,
  library: Library,
  { sharing, compositions }: { sharing: Sharing; compositions: Compositions },
): void {
  const guesses = new StrangerRate();
  // A page plays all tracks together, and asks for many ranges of each.
  const requests = new NetworkRate({
    perNetwork: { perSecond: 40, burst: 800 },
    perServer: { perSecond: 400, burst: 4000 },
    busy: 'too many people are watching shared recordings',
  });
  const transfers = new NestedBudget({
    what: 'shared recordings at a time',
    code: 'RATE_LIMITED',
    limits: { account: 100, address: 60, server: 150 },
  });

  const opened = async ({ raw }: FastifyRequest, secret: string): Promise<Shared> => {
    const network = kernel.networkOf(raw);
    guesses.take(network);
    try {
      return await sharing.demand({ secret });
    } catch (error) {
      if (CanopyError.from(error).code === 'RECORDING_LINK_INVALID') {
        guesses.guessed(network);
      }
      throw error;
    }
  };

  /** Checks the ticket, and the link once more. Returns the recording's id. */
  const begin = async ({ raw }: FastifyRequest, reply: FastifyReply, shareId: string, ticket: string) => {
    kernel.urlTickets.verify(ticket, { method: 'GET', path: pathOf(shareId) });
    const network = kernel.networkOf(raw);
    requests.take(network);
    reply.raw.once('close', transfers.take({ account: shareId, address: network }));
    // Whatever ends the link ends what it transfers.
    const recheck = setInterval(() => {
      sharing.demand({ shareId }).catch((error: unknown) => {
        if (CanopyError.from(error).code === 'RECORDING_LINK_INVALID') {
          reply.raw.destroy();
        }
      });
    }, RECHECK_MS);
    reply.raw.once('close', () => clearInterval(recheck));
    return (await sharing.demand({ shareId })).row.recording_id;
  };

  kernel.routes((app) => {
    app.post(
      '/api/shared-recordings/open',
      {
        schema: {
          description:
            'The recording that a link leads to. Takes the secret in the body, since logs keep addresses.',
          body: sharedRecordingRequest,
          response: { 200: sharedRecording, '4xx': errorResponses['4xx'] },
        },
        onRequest: async ({ headers }) => kernel.origins.require(headers.origin),
      },
      async (request) => {
        const { share, row, title } = await opened(request, request.body.secret);
        const { share_id: shareId, recording_id: recordingId } = share;
        const path = pathOf(shareId);
        const expiresAtMs = Number(share.expires_at_ms);
        const validMs = Math.min(PLAY_MS, expiresAtMs - Date.now());
        const ticket = kernel.urlTickets.ticket({ method: 'GET', path, accountId: shareId }, validMs);
        kernel.audit.record({
          actor: {
            kind: 'stranger',
            address: clientAddress(request.raw, kernel.config.server.trustProxy),
          },
          action: 'recording.openShared',
          roomId: row.room_id,
          details: { recordingId, shareId },
        });
        const tracks = (await library.manifest(recordingId))?.tracks ?? [];
        const videos = (await compositions.of(recordingId)).filter(
          ({ status, format }) => status === 'done' && !isSound(format),
        );
        return {
          ...{
            title,
            expiresAtMs,
            startedAtMs: Number(row.started_at_ms),
            durationMs: Number(row.duration_ms),
          },
          tracks: tracks.map((track) => ({ ...track, url: `${path}/tracks/${track.file}?ticket=${ticket}` })),
          compositions: videos.map(({ compositionId, format, bytes }) => ({
            ...{ compositionId, format, bytes },
            url: `${path}/compositions/${compositionId}?ticket=${ticket}`,
          })),
          eventsUrl: `${path}/events?ticket=${ticket}`,
        };
      },
    );
    app.get(
      '/api/shared-recordings/:shareId/tracks/:file',
      {
        schema: {
          description:
            'A track of a shared recording, from a URL of the request that opened it. Supports `Range`.',
          params: shareParams.extend({ file: trackFile }),
          querystring: ticketQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { shareId, file } = request.params;
        const recordingId = await begin(request, reply, shareId, request.query.ticket);
        return sendTrack(request, reply, await library.track(recordingId, file), false);
      },
    );
    app.get(
      '/api/shared-recordings/:shareId/compositions/:compositionId',
      {
        schema: {
          description:
            'A video of a shared recording, from a URL of the request that opened it. Supports `Range`.',
          params: shareParams.extend({ compositionId: objectId }),
          querystring: ticketQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { shareId, compositionId } = request.params;
        const recordingId = await begin(request, reply, shareId, request.query.ticket);
        return sendComposition(request, reply, await library.composition(recordingId, compositionId), false);
      },
    );
    app.get(
      '/api/shared-recordings/:shareId/events',
      {
        schema: {
          description: 'What happened during a shared recording, one JSON object a line.',
          params: shareParams,
          querystring: ticketQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { shareId } = request.params;
        const recordingId = await begin(request, reply, shareId, request.query.ticket);
        return sendEvents(request, reply, library, recordingId);
      },
    );
  });
}
