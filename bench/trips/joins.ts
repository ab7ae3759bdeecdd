import { Device } from 'mediasoup-client';
import type { Page } from 'playwright-core';
import { createHandlerFactory } from '../../client/node/index.ts';
import { type Client, connect, type Identity } from '../../client/sdk/index.ts';
import type { Arrival, FarServer, PacketKind } from './far-server.ts';
import type { Signals } from './signals.ts';
import { countTrips } from './trips.ts';

/** A step of a join, in milliseconds after its start. */
export interface Step {
  name: string;
  fromMs: number;
  toMs: number;
}

/** How long it took until the first RTP packet came. */
export interface FarJoin {
  totalMs: number;
  /** Round trips that followed each other. */
  trips: number;
  steps: Step[];
}

/** Joins from the lobby, where the page is connected already: from the click to the first RTP packet. The page stays in the room. */
export async function joinFromLobby(
  server: FarServer,
  page: Page,
  signals: Signals,
  roundTripMs: number,
): Promise<FarJoin> {
  const button = page.getByTestId('join');
  await button.waitFor();
  signals.clear();
  server.begin();
  await button.click();
  const arrival = await server.arrival();
  const clickedMs = await clickTime(page);
  const requests = signals.all
    .filter(({ sentMs }) => sentMs >= clickedMs && sentMs < arrival.rtpMs)
    .map(({ name, sentMs, answeredMs }) => ({
      name,
      fromMs: sentMs - clickedMs,
      toMs: (answeredMs ?? sentMs) - clickedMs,
    }));
  const join = measured({ ...arrival, startMs: clickedMs }, roundTripMs);
  return { ...join, steps: [...requests, ...join.steps] };
}

/** Loads the page and joins as soon as it lets the user: from the navigation to the first RTP packet. */
export async function joinFromDeepLink(server: FarServer, page: Page, roundTripMs: number): Promise<FarJoin> {
  server.begin();
  const loading = page.reload({ waitUntil: 'commit' });
  await page.getByTestId('join').click();
  await loading;
  return measured(await server.arrival(), roundTripMs);
}

/** Connects and joins without a page, through the SDK: from the opening of the TCP connection to the first RTP packet. */
export async function joinFromProgram(
  server: FarServer,
  identity: Identity,
  roomId: string,
  roundTripMs: number,
): Promise<{ join: FarJoin; client: Client }> {
  const handlerFactory = createHandlerFactory();
  server.begin();
  const client = await connect({
    url: server.url,
    identity,
    createDevice: () => Device.factory({ handlerFactory }),
    join: { roomId },
  });
  return { join: measured(await server.arrival(), roundTripMs), client };
}

function measured({ startMs, rtpMs, signalling, media }: Arrival, roundTripMs: number): FarJoin {
  const trips = countTrips([...signalling, ...media], { startMs, endMs: rtpMs, roundTripMs });
  const step = (name: string, kind: PacketKind) => {
    const times = media.filter((each) => each.kind === kind).map(({ atMs }) => atMs - startMs);
    return times.length > 0 ? [{ name, fromMs: Math.min(...times), toMs: Math.max(...times) }] : [];
  };
  const steps = [...step('ICE', 'stun'), ...step('DTLS', 'dtls'), ...step('first RTP', 'rtp')];
  return { totalMs: rtpMs - startMs, trips, steps };
}

/** When the button was clicked, on this process's clock. */
async function clickTime(page: Page): Promise<number> {
  const beforeMs = performance.now();
  const { nowMs, clickedAtMs } = await page.evaluate(() => {
    const { seen } = window as unknown as { seen: { clickedAtMs: number } };
    return { nowMs: performance.now(), clickedAtMs: seen.clickedAtMs };
  });
  const afterMs = performance.now();
  return (beforeMs + afterMs) / 2 - (nowMs - clickedAtMs);
}
