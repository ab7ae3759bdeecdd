import { z } from 'zod';
import { listenHost, port } from './values.ts';

/** Who can read the metrics. */
export const metricsSection = z
  .strictObject({
    access: z
      .enum(['open', 'token'])
      .default('open')
      .describe(
        'Who can read `/metrics`: `open`, anyone who reaches its port; `token`, whoever has the key or a token with the scope `metrics:read`.',
      ),
    port: port
      .default(0)
      .describe(
        'TCP port of its own for `/metrics`, plain HTTP; it is then no longer on `server.port`. 0: none.',
      ),
    host: listenHost.default('127.0.0.1').describe('Address that `metrics.port` is bound to.'),
  })
  .prefault({});
