import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CanopyError, clientAddress } from '../../../../base/index.ts';
import { nothing, roomParams } from '../../../../contract/index.ts';
import {
  AccountRate,
  errorResponses,
  type Kernel,
  NestedBudget,
  sendBytes,
  sendExport,
} from '../../../kernel/index.ts';
import { allRecordings } from '../contract.ts';
import { COMPOSITION_TYPES, savedName, typeOf } from '../kept-files.ts';
import { infoOf } from '../recording-records.ts';
import type { OpenFile } from '../recording-storage.ts';
import type { Library } from './library.ts';
import type { RecordedChat } from './recorded-chat.ts';
import type { RecordingAccess } from './recording-access.ts';
import {
  allRecordingsQuery,
  compositionParams,
  recordingList,
  recordingParams,
  recordingQuery,
  recordingWithTracks,
  roomRecordingParams,
  roomTrackParams,
  ticketQuery,
  trackParams,
  trackQuery,
} from './rest.ts';

export const BYTES = { 200: z.any(), 206: z.any(), ...errorResponses };

/** Where the files of a recording are fetched with a ticket. */
export function recordingPath(recordingId: string): string {
  return `/api/recordings/${recordingId}`;
}

/** Routes for recordings: for the operator, and for those with a ticket from `recording.open`. */
export function registerRecordingRoutes(
  kernel: Kernel,
  library: Library,
  { access, chat }: { access: RecordingAccess; chat: RecordedChat },
): void {
  registerAdminRoutes(kernel, library, access);
  registerTicketRoutes(kernel, library, { access, chat });
}

function registerAdminRoutes(kernel: Kernel, library: Library, access: RecordingAccess): void {
  kernel.adminRoutes('recording.administer', (app) => {
    app.get(
      '/api/recordings',
      {
        schema: {
          description: 'The recordings of all rooms, newest first, and the size of all of them.',
          querystring: allRecordingsQuery,
          response: { 200: allRecordings, ...errorResponses },
        },
      },
      async ({ query }) => {
        const [{ rows, more }, bytes] = await Promise.all([library.page(undefined, query), library.bytes()]);
        const recordings = rows.map((row) => ({ roomId: row.room_id, ...infoOf(row) }));
        return { recordings, more, bytes };
      },
    );
    app.get(
      '/api/rooms/:roomId/recordings',
      {
        schema: {
          description: 'The recordings of a room, newest first.',
          params: roomParams,
          querystring: recordingQuery,
          response: { 200: recordingList, ...errorResponses },
        },
      },
      async ({ params: { roomId }, query }) => {
        const { rows, more } = await library.page([roomId], query);
        return { recordings: await Promise.all(rows.map((row) => library.describe(row))), more };
      },
    );
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId',
      {
        schema: {
          description: 'A recording with its tracks.',
          params: roomRecordingParams,
          response: { 200: recordingWithTracks, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId } }) => {
        const row = await access.find(recordingId, roomId);
        const tracks = (await library.manifest(recordingId))?.tracks ?? [];
        return { ...(await library.describe(row)), tracks };
      },
    );
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId/tracks/:file',
      {
        config: { act: 'recording.download' },
        schema: {
          description: 'A track of a recording, a WebM or Matroska file. Supports `Range`.',
          params: roomTrackParams,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { roomId, recordingId, file } = request.params;
        await access.find(recordingId, roomId);
        return sendTrack(request, reply, await library.track(recordingId, file), true);
      },
    );
    app.get(
      '/api/rooms/:roomId/recordings/:recordingId/zip',
      {
        config: { act: 'recording.download' },
        schema: {
          description: 'All tracks of a recording and what happened besides, as a ZIP file.',
          params: roomRecordingParams,
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { roomId, recordingId } = request.params;
        await access.find(recordingId, roomId);
        return sendExport(request, reply, 'recording', await library.zip(recordingId));
      },
    );
    app.delete(
      '/api/rooms/:roomId/recordings/:recordingId',
      {
        config: { act: 'recording.delete' },
        schema: {
          description: 'Deletes a recording that has ended, with its files.',
          params: roomRecordingParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { roomId, recordingId } }) => {
        await library.delete(await access.find(recordingId, roomId));
        return {};
      },
    );
  });
}

function registerTicketRoutes(
  kernel: Kernel,
  library: Library,
  { access, chat }: { access: RecordingAccess; chat: RecordedChat },
): void {
  // A page plays all tracks of a recording together, and asks for many ranges of each.
  const requests = new AccountRate('requests for recordings', { perSecond: 40, burst: 800 });
  const transfers = new NestedBudget({
    what: 'recordings at a time',
    code: 'RATE_LIMITED',
    limits: { account: 60, address: 150, server: 300 },
  });

  /** Checks the ticket, and the right to see the recording once more. */
  const begin = async ({ raw }: FastifyRequest, reply: FastifyReply, recordingId: string, ticket: string) => {
    const accountId = kernel.ticketHolder(ticket, { method: 'GET', path: recordingPath(recordingId) });
    requests.take({ accountId });
    reply.raw.once('close', transfers.take({ account: accountId, address: kernel.networkOf(raw) }));
    const row = await access.find(recordingId);
    const { room_id: roomId } = row;
    try {
      return { row, reader: await access.recheck(accountId, roomId) };
    } catch (error) {
      const { code } = CanopyError.from(error);
      const address = clientAddress(raw, kernel.config.server.trustProxy);
      kernel.audit.record({
        actor: { kind: 'account', id: accountId, address },
        action: 'recording.fetch',
        outcome: code,
        roomId,
        details: { recordingId },
      });
      throw error;
    }
  };

  kernel.routes((app) => {
    app.get(
      '/api/recordings/:recordingId/tracks/:file',
      {
        schema: {
          description:
            'A track of a recording, a WebM or Matroska file, from a URL of `recording.open`. Supports `Range`.',
          params: trackParams,
          querystring: trackQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { recordingId, file } = request.params;
        const { ticket, download } = request.query;
        await begin(request, reply, recordingId, ticket);
        return sendTrack(request, reply, await library.track(recordingId, file), download === '1');
      },
    );
    app.get(
      '/api/recordings/:recordingId/compositions/:compositionId',
      {
        schema: {
          description:
            'The video, or sound, of a recording, from a URL of `recording.open`. Supports `Range`.',
          params: compositionParams,
          querystring: trackQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { recordingId, compositionId } = request.params;
        const { ticket, download } = request.query;
        await begin(request, reply, recordingId, ticket);
        const composition = await library.composition(recordingId, compositionId);
        return sendComposition(request, reply, composition, download === '1');
      },
    );
    app.get(
      '/api/recordings/:recordingId/events',
      {
        schema: {
          description:
            'What happened during a recording, one JSON object a line, from a URL of `recording.open`.',
          params: recordingParams,
          querystring: ticketQuery,
          response: BYTES,
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { recordingId } = request.params;
        await begin(request, reply, recordingId, request.query.ticket);
        return sendEvents(request, reply, library, recordingId);
      },
    );
    app.get(
      '/api/recordings/:recordingId/zip',
      {
        schema: {
          description: 'A recording as a ZIP file, from a URL of `recording.open`.',
          params: recordingParams,
          querystring: ticketQuery,
          produces: ['application/zip'],
          response: { 200: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async (request, reply) => {
        const { recordingId } = request.params;
        const { row, reader } = await begin(request, reply, recordingId, request.query.ticket);
        const zip = await library.zip(recordingId, [chat.entry(reader, row)]);
        return sendExport(request, reply, 'recording', zip);
      },
    );
  });
}

/** @throws {CanopyError} RECORDING_UNKNOWN - nothing happened */
export async function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  library: Library,
  recordingId: string,
): Promise<FastifyReply> {
  const file = await library.events(recordingId);
  if (!file) {
    throw new CanopyError('RECORDING_UNKNOWN');
  }
  return sendFile(request, reply, file, { type: 'application/x-ndjson', name: 'events.jsonl' });
}

export function sendTrack(
  request: FastifyRequest,
  reply: FastifyReply,
  { track, file }: Awaited<ReturnType<Library['track']>>,
  isDownload: boolean,
): Promise<FastifyReply> {
  return sendFile(request, reply, file, { type: typeOf(track), name: savedName(track), isDownload });
}

export function sendComposition(
  request: FastifyRequest,
  reply: FastifyReply,
  { format, file }: Awaited<ReturnType<Library['composition']>>,
  isDownload: boolean,
): Promise<FastifyReply> {
  const type = COMPOSITION_TYPES[format];
  return sendFile(request, reply, file, { type, name: `recording.${format}`, isDownload });
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: OpenFile,
  about: { type: string; name: string; isDownload?: boolean },
): Promise<FastifyReply> {
  if (reply.raw.destroyed) {
    await file.close();
    return reply;
  }
  reply.raw.once('close', () => void file.close());
  try {
    return await sendBytes(request, reply, { ...about, size: file.size, read: (range) => file.read(range) });
  } catch (error) {
    if (reply.raw.destroyed) {
      // Nobody waits for the answer any more, so fetching it was ended.
      return reply;
    }
    throw error;
  }
}
