import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CanopyError } from '../../../base/index.ts';
import { errorResponses, type Kernel } from '../../kernel/index.ts';
import type { LiveStreams } from './live-streams.ts';

const TYPES = { m3u8: 'application/vnd.apple.mpegurl', ts: 'video/mp2t' } as const;

const params = z.object({
  token: z.string().regex(/^[0-9a-f]{32}$/),
  file: z.string().regex(/^(live\.m3u8|\d{1,9}\.ts)$/),
});

/** The playlist and segments of HLS, for whoever has the link, on any site's pages. */
export function registerLiveRoutes(kernel: Kernel, streams: LiveStreams): void {
  kernel.routes((app) => {
    app.get(
      '/live/:token/:file',
      { schema: { hide: true, params, response: { 200: z.any(), ...errorResponses } } },
      async ({ params: { token, file } }, reply) => {
        const folder = streams.folderOf(token);
        const bytes = folder && (await readFile(join(folder, file)).catch(() => undefined));
        if (!bytes) {
          throw new CanopyError('NOT_FOUND');
        }
        return reply
          .header('content-type', file.endsWith('.ts') ? TYPES.ts : TYPES.m3u8)
          .header('cache-control', file.endsWith('.ts') ? 'public, max-age=60' : 'no-cache')
          .header('access-control-allow-origin', '*')
          .header('cross-origin-resource-policy', 'cross-origin')
          .send(bytes);
      },
    );
  });
}
