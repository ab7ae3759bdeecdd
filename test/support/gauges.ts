import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

/** Kinds of objects that remain when everyone has left: the workers and their ports. */
const PERMANENT = new Set(['workers', 'webRtcServers']);

/** Waits until the server has no objects but its workers and `connections` connections that stay (a gateway has one). */
export async function untilBaseline(
  server: TestServer,
  milliseconds?: number,
  connections = 0,
): Promise<void> {
  await eventually(
    'all gauges at baseline',
    () => server.objects(),
    (objects) =>
      Object.entries(objects).every(
        ([kind, count]) => PERMANENT.has(kind) || count === (kind === 'connections' ? connections : 0),
      ),
    milliseconds,
  );
}
