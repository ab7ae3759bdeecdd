import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

/** What stays when everybody has left: the workers and their ports. */
const PERMANENT = new Set(['workers', 'webRtcServers']);

/** Waits until the server holds no object of any kind but its workers, and `connections` of those who stay (a gateway's is one). */
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
