import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOMS, roomAt, type SoakRun } from './soak-run.ts';

const PAGES = ['/api/rooms', '/api/accounts', '/api/invites', '/api/sip/phones', '/api/sip/dial-plan'];

/** An operator's programs, which request all status pages and scrape the metrics. */
export function watches(run: SoakRun): Promise<void> {
  return run.repeat('look', 2000, async (time) => {
    for (const page of [...PAGES, '/api/sip/calls', '/api/sip/calls?active=true']) {
      await run.server.api('GET', page);
    }
    const { rooms } = await run.server.api<{ rooms: Array<{ roomId: string }> }>('GET', '/api/rooms');
    const roomId = roomAt(time);
    if (rooms.some((room) => room.roomId === roomId)) {
      // It may have closed in the meantime.
      await run.server
        .api('GET', `/api/rooms/${roomId}/allocation`)
        .catch((error: Error) => assert.match(error.message, /404/));
    }
    const metrics = await run.server.metrics();
    assert.ok((metrics.get('canopy_objects{kind="rooms"}') ?? 0) <= ROOMS.length);
  });
}

/** The worst of one round: a media worker dies, then the phone gateway. */
export async function kills(run: SoakRun, roundMs: number): Promise<void> {
  await delay(roundMs / 3);
  await run.killWorker();
  await delay(roundMs / 3);
  await run.killGateway();
}
