import type { Page } from 'playwright-core';
import { type Client, enrol, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import { machineCpu, makeInvitation } from '../generator/index.ts';
import { Chromium, Company, leave, watch } from '../page/index.ts';
import {
  type Figure,
  type FiguresRun,
  machineFigures,
  machineTraps,
  printSummary,
  quantile,
  round,
  type Summary,
  writeFiguresReport,
} from '../report/index.ts';
import { FarServer } from './far-server.ts';
import { type FarJoin, joinFromDeepLink, joinFromLobby, joinFromProgram } from './joins.ts';
import { Signals } from './signals.ts';

/** Name and description, for the list of scenarios. */
export const JOIN_TRIPS = {
  name: 'join-trips',
  description: 'Round trips and time until the first RTP packet, with 100 ms of round trip to the server.',
} as const;

export interface BenchTripsOptions {
  /** Where the report goes. Default `bench-results`. */
  outDir?: string;
  /** How often each way of joining is measured. Default 7. */
  joins?: number | undefined;
}

const ROOM = 'far';
const ROUND_TRIP_MS = 100;
const GOAL_TRIPS = 7;
const GOAL_MS = 1200;

/** The ways of joining, by where they start. */
type Way = 'lobby' | 'deepLink' | 'program';
type Results = Record<Way, FarJoin[]>;

const LABELS: Record<Way, string> = {
  lobby: 'click on join in the lobby',
  deepLink: 'opening of the page',
  program: 'opening of the TCP connection (TLS), without a page',
};

/** Measures joins through the relays and writes the report. @throws {ChromiumUnavailable} */
export async function benchTrips(
  { outDir = 'bench-results', joins = 7 }: BenchTripsOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: Results }> {
  write(`${JOIN_TRIPS.name}: ${JOIN_TRIPS.description}`);
  const startedAt = new Date();
  const before = machineCpu();
  const run: Results = { ...(await fromPages(joins)), program: await fromPrograms(joins) };
  const machine = { before, after: machineCpu() };
  const summary = await writeFiguresReport(
    {
      startedAt,
      measured: run,
      ...report(run),
      details: [...details(run), ...machineFigures({ machine })],
      traps: machineTraps({ machine }),
    },
    outDir,
  );
  printSummary(summary, outDir, write);
  return { summary, run };
}

async function fromPages(joins: number): Promise<Pick<Results, 'lobby' | 'deepLink'>> {
  const chromium = await Chromium.launch();
  let server: FarServer | undefined;
  let company: Company | undefined;
  try {
    server = await FarServer.start({ roundTripMs: ROUND_TRIP_MS });
    company = new Company(server.near, ROOM);
    await company.comes();
    await company.comes();
    const page = await chromium.page();
    await watch(page);
    await openLobby(page, server);
    const signals = await Signals.of(page);
    const lobby: FarJoin[] = [];
    const deepLink: FarJoin[] = [];
    while (deepLink.length < joins) {
      await page.reload();
      await page.locator('[data-testid=preview] video').waitFor();
      await page.locator('[data-testid=identity-verified]').waitFor();
      await page.waitForTimeout(1000);
      lobby.push(await joinFromLobby(server, page, signals, ROUND_TRIP_MS));
      await leave(page);
      deepLink.push(await joinFromDeepLink(server, page, ROUND_TRIP_MS));
      await leave(page);
    }
    await signals.close();
    return { lobby, deepLink };
  } finally {
    await chromium.close();
    await company?.leave();
    await server?.close();
  }
}

async function openLobby(page: Page, server: FarServer): Promise<void> {
  const { url, apiKey } = server.near;
  const { hash } = new URL(await makeInvitation({ url, apiKey }));
  await page.goto(`${server.url}/${hash}`);
  await page.getByTestId('name').fill('Ann');
  await page.getByTestId('enrol').click();
  await page.getByTestId('identity-verified').waitFor();
  await page.evaluate((room) => {
    location.hash = `#/room/${room}`;
  }, ROOM);
  await page.getByTestId('join').waitFor();
}

async function fromPrograms(joins: number): Promise<FarJoin[]> {
  const server = await FarServer.start({ roundTripMs: ROUND_TRIP_MS, encrypted: true });
  const company = new Company(server.near, ROOM);
  const clients: Client[] = [];
  try {
    await company.comes();
    await company.comes();
    const results: FarJoin[] = [];
    while (results.length < joins) {
      const invitation = parseInvitation(await makeInvitation(server.near));
      if (!invitation) {
        throw new TypeError('not an invitation');
      }
      const { url: serverUrl } = server.near;
      const store = memoryStore();
      const identity = await enrol({ ...invitation, serverUrl, displayName: 'Far', store });
      const { join, client } = await joinFromProgram(server, identity, ROOM, ROUND_TRIP_MS);
      clients.push(client);
      results.push(join);
    }
    return results;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await company.leave();
    await server.close();
  }
}

function report(run: Results): Omit<FiguresRun, 'startedAt' | 'details' | 'traps'> {
  const figures = (Object.keys(LABELS) as Way[]).flatMap((way): Figure[] => {
    const times = sorted(run[way].map(({ totalMs }) => totalMs));
    const trips = sorted(run[way].map((each) => each.trips));
    const isGoal = way !== 'deepLink';
    return [
      {
        label: `${LABELS[way]} to the first RTP packet, p50 (ms)`,
        value: round(quantile(times, 0.5), 0),
        ...(isGoal && { goal: `<= ${GOAL_MS}` }),
      },
      { label: `${LABELS[way]} to the first RTP packet, largest (ms)`, value: round(times.at(-1) ?? 0, 0) },
      {
        label: `${LABELS[way]}: round trips, p50`,
        value: quantile(trips, 0.5),
        ...(isGoal && { goal: `<= ${GOAL_TRIPS}` }),
      },
    ];
  });
  const met = (['lobby', 'program'] as const).every((way) => {
    const { totalMs, trips } = middle(run[way]);
    return totalMs <= GOAL_MS && trips <= GOAL_TRIPS;
  });
  return {
    ...JOIN_TRIPS,
    headline: figures,
    notMeasured: ['The trip for a name’s address (DNS).'],
    met,
  };
}

/** What happened when in the join of middle length. */
function details(run: Results): Figure[] {
  return (Object.keys(LABELS) as Way[]).flatMap((way) =>
    middle(run[way]).steps.map(({ name, fromMs, toMs }) => ({
      label: `${LABELS[way]}, at p50: ${name} (ms)`,
      value: `${round(fromMs, 0)} to ${round(toMs, 0)}`,
    })),
  );
}

function middle(joins: readonly FarJoin[]): FarJoin {
  const byTime = [...joins].sort((a, b) => a.totalMs - b.totalMs);
  return byTime[Math.floor(byTime.length / 2)] as FarJoin;
}

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b);
}
