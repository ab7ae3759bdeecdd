import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CanopyError } from '../../../base/index.ts';
import { errorResponses, type Kernel, NestedBudget } from '../../kernel/index.ts';
import type { LiveStreams } from './live-streams.ts';

const TYPES = { m3u8: 'application/vnd.apple.mpegurl', ts: 'video/mp2t' } as const;
/** A viewer that takes nothing for this long is dropped, in milliseconds: by then the segment is of no use. */
const STALLED_MS = 20_000;

const params = z.object({
  token: z.string().regex(/^[0-9a-f]{32}$/),
  file: z.string().regex(/^(live\.m3u8|\d{1,9}\.ts)$/),
});

/** The playlist and segments of HLS, for whoever has the link, on any site's pages. */
export function registerLiveRoutes(kernel: Kernel, streams: LiveStreams): void {
  // Viewers fetch one file at a time, and many may share an address.
  const transfers = new NestedBudget({
    what: 'files of live streams at a time',
    code: 'RATE_LIMITED',
    limits: { address: 100, server: 500 },
  });
  kernel.routes((app) => {
    app.get(
      '/live/:token/:file',
      { schema: { hide: true, params, response: { 200: z.any(), ...errorResponses } } },
      async ({ raw, params: { token, file: name } }, reply) => {
        reply.raw.once('close', transfers.take({ address: kernel.networkOf(raw) }));
        const folder = streams.folderOf(token);
        const file = folder && (await open(join(folder, name)).catch(() => undefined));
        if (!file) {
          throw new CanopyError('NOT_FOUND');
        }
        // The HTTP server then closes the connection.
        raw.socket.setTimeout(STALLED_MS);
        return reply
          .header('content-type', name.endsWith('.ts') ? TYPES.ts : TYPES.m3u8)
          .header('cache-control', name.endsWith('.ts') ? 'public, max-age=60' : 'no-cache')
          .header('access-control-allow-origin', '*')
          .header('cross-origin-resource-policy', 'cross-origin')
          .send(file.createReadStream());
      },
    );
  });
}
