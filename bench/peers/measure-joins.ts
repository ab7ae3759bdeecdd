import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../report/index.ts';
import { LoadProcesses, srtpProfileName } from './load/index.ts';
import type { MediaServer } from './media-server.ts';
import type { Variant } from './systems.ts';

/** One-way delays between newcomers and server, in milliseconds: the difference in time to first RTP counts the round trips. */
const NEAR_MS = 1;
const FAR_MS = 51;
/** The first one of a process compiles its code and does not count. */
const NEWCOMERS = 6;
const PATIENCE_MS = 10_000;

/** How long somebody takes from the TCP connection to the first RTP packet of a room in which one person sends. */
export interface JoinMeasurement {
  nearMs: number;
  farMs: number;
  /** Round trips of the network among it. */
  roundTrips: number;
  /** SRTP protection profiles that the server chose. */
  srtp: string[];
}

export async function measureJoins(variant: Variant, server: MediaServer): Promise<JoinMeasurement> {
  const sender = new LoadProcesses(1);
  try {
    await sender.prepare(variant, server.access, [
      { name: 'sender', room: '1', clips: [{ clip: 'vp8-180p' }], watches: false },
    ]);
    await sender.tell('enter', 'sender');
    const near = await newcomers(variant, server, NEAR_MS);
    const far = await newcomers(variant, server, FAR_MS);
    return {
      nearMs: near.medianMs,
      farMs: far.medianMs,
      roundTrips: (far.medianMs - near.medianMs) / (2 * (FAR_MS - NEAR_MS)),
      srtp: [...new Set([...near.srtp, ...far.srtp])].map(srtpProfileName),
    };
  } finally {
    await sender.close();
  }
}

async function newcomers(
  variant: Variant,
  server: MediaServer,
  delayMs: number,
): Promise<{ medianMs: number; srtp: number[] }> {
  const load = new LoadProcesses(1);
  try {
    const people = Array.from({ length: NEWCOMERS }, (_, index) => ({
      name: `newcomer${delayMs}-${index}`,
      room: '1',
      clips: [],
      watches: true,
    }));
    await load.prepare(variant, server.access, people, delayMs);
    const tookMs: number[] = [];
    let srtp: number[] = [];
    for (const { name } of people) {
      await load.tell('enter', name);
      await load.tell('watch', name);
      const endMs = performance.now() + PATIENCE_MS;
      let first: number | undefined;
      while (first === undefined && performance.now() < endMs) {
        await sleep(50);
        const counts = await load.read();
        first = counts.firstPacketMs[name];
        srtp = counts.srtpProfiles;
      }
      tookMs.push(first ?? Number.NaN);
      await load.tell('leave', name);
    }
    const sorted = tookMs.slice(1).sort((a, b) => a - b);
    return { medianMs: quantile(sorted, 0.5), srtp };
  } finally {
    await load.close();
  }
}
