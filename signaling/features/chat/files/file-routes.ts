import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CanopyError } from '../../../../base/index.ts';
import { shownType } from '../../../../contract/content/index.ts';
import { objectId } from '../../../../contract/index.ts';
import { AccountRate, errorResponses, type Kernel, sendBytes } from '../../../kernel/index.ts';
import type { ChatFile } from './contract.ts';
import type { FileStore } from './file-store.ts';
import type { ChatFileRow } from './tables.ts';
import { transferBudget } from './transfer-budget.ts';

/** Enough to tell types of media apart, in bytes. */
const START_BYTES = 16;

const fileParams = z.object({ fileId: objectId });
const ticket = z.string().max(300);

/** Where the bytes of a file are sent to and fetched from. */
export function filePath(fileId: string): string {
  return `/api/files/${fileId}`;
}

export interface FileRoutesOptions {
  files: FileStore;
  /** The file as its message describes it; undefined if that is gone. */
  describe(row: ChatFileRow): Promise<ChatFile | undefined>;
}

/** Routes that carry the bytes of files, for those with a ticket from `file.start` or `file.open`. */
export function registerFileRoutes(kernel: Kernel, { files, describe }: FileRoutesOptions): void {
  const transfers = transferBudget();
  // A player that seeks in a video asks for many ranges.
  const requests = new AccountRate('requests for files', { perSecond: 20, burst: 400 });
  const begin = (request: IncomingMessage, text: string, method: 'GET' | 'PUT', fileId: string) => {
    const accountId = kernel.ticketHolder(text, { method, path: filePath(fileId) });
    requests.take({ accountId });
    return { accountId, end: transfers.take({ account: accountId, address: kernel.networkOf(request) }) };
  };

  kernel.routes((root) => {
    root.register(async (app) => {
      // The bytes are not parsed but streamed to the disk.
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, body, done) => done(null, body));

      app.withTypeProvider<ZodTypeProvider>().put(
        '/api/files/:fileId',
        {
          schema: {
            description:
              'Uploads bytes of a file for a chat, to a URL from `file.start`. The body may end anywhere; the answer says where to continue.',
            params: fileParams,
            querystring: z.object({ ticket, offset: z.coerce.number().int().min(0) }),
            response: { 200: z.object({ received: z.int() }), ...errorResponses },
          },
        },
        async ({ params: { fileId }, query, body, raw }) => {
          const { accountId, end } = begin(raw, query.ticket, 'PUT', fileId);
          try {
            const stream = body instanceof Readable ? body : Readable.from([]);
            return { received: await files.receive({ fileId, accountId, offset: query.offset }, stream) };
          } finally {
            end();
          }
        },
      );
    });

    root.get(
      '/api/files/:fileId',
      {
        schema: {
          description:
            'The bytes of a file in a chat, from a URL of `file.open`. Everything but pictures, sound and video is sent as an attachment. Supports `Range`.',
          params: fileParams,
          querystring: z.object({ ticket }),
          response: { 200: z.any(), 206: z.any(), ...errorResponses },
        },
        exposeHeadRoute: false,
      },
      async ({ params: { fileId }, query, headers, raw }, reply) => {
        const { end } = begin(raw, query.ticket, 'GET', fileId);
        reply.raw.once('close', end);
        const row = await files.records.find(fileId);
        const file = row && (await describe(row));
        if (!row || !file) {
          throw new CanopyError('FILE_UNKNOWN');
        }
        const start = await bytesOf(files.read(row, { from: 0, to: Math.min(START_BYTES, row.size) }));
        return sendBytes({ headers, raw }, reply, {
          size: row.size,
          type: shownType(start),
          name: file.name,
          read: (range) => Readable.from(files.read(row, range)),
        });
      },
    );
  });
}

async function bytesOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    all.push(piece);
  }
  return Buffer.concat(all);
}
