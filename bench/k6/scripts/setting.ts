/** What the bench passes to a script: environment variables, and the file of prepared people. */
import { SharedArray } from 'k6/data';
import http from 'k6/http';
import type { PreparedPerson } from '../prepared-person.ts';

declare const __ENV: Record<string, string | undefined>;
declare function open(path: string): string;

/** The server's web origin. */
export const ORIGIN = text('CANOPY_URL');
const PEERS = count('CANOPY_PEERS');
export const ROOM_SIZE = count('CANOPY_ROOM_SIZE');
const JOINS_PER_SECOND = count('CANOPY_JOINS_PER_SECOND');
/** How long the scenario's main part lasts once everyone has joined, in milliseconds. */
const MIDDLE_MS = count('CANOPY_SECONDS') * 1000;
/** Requests per second per peer, if the scenario sends any. */
export const REQUESTS_PER_SECOND = count('CANOPY_REQUESTS_PER_SECOND');
/** The goal for every stage, 99th percentile in milliseconds. */
const STAGE_GOAL_MS = 200;
/** How long the last peer has to join before the main part begins, in milliseconds. */
const SETTLE_MS = 2000;

export const PEOPLE: readonly PreparedPerson[] = new SharedArray<PreparedPerson>('people', () =>
  JSON.parse(open(text('CANOPY_PEOPLE'))),
);

/**
 * One virtual user per person, each running once; thresholds for the 99th percentile of these stages, and for zero failures. `others` have
 * separate goals, in milliseconds.
 */
export function optionsFor(stages: readonly string[], others: Record<string, number> = {}) {
  const goals = [...stages.map((stage) => [stage, STAGE_GOAL_MS] as const), ...Object.entries(others)].map(
    ([stage, goalMs]) => [`canopy_${stage}_ms`, [`p(99)<${goalMs}`]] as const,
  );
  return {
    scenarios: {
      people: { executor: 'per-vu-iterations', vus: PEERS, iterations: 1, maxDuration: '30m' },
    },
    thresholds: { canopy_failed: ['rate==0'], ...Object.fromEntries(goals) },
    summaryTrendStats: ['count', 'min', 'avg', 'p(50)', 'p(90)', 'p(99)', 'max'],
    setupTimeout: '60s',
  };
}

/** The schedule: Unix times in milliseconds. */
export interface Schedule {
  startMs: number;
  /** When everyone should have joined. */
  middleMs: number;
  endMs: number;
}

/** Checks over REST that the server is there, and sets the schedule. */
export function setup(): Schedule {
  const answer = http.get(`${ORIGIN}/api/server`);
  if (answer.status !== 200) {
    throw new Error(`${ORIGIN}/api/server answered ${answer.status}`);
  }
  const startMs = Date.now() + 1000;
  const middleMs = startMs + (PEERS * 1000) / JOINS_PER_SECOND + SETTLE_MS;
  return { startMs, middleMs, endMs: middleMs + MIDDLE_MS };
}

/** When this person joins. */
export function turnMs({ startMs }: Schedule, index: number): number {
  return startMs + (index * 1000) / JOINS_PER_SECOND;
}

/** Everything that k6 counted, for the bench's report. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [text('CANOPY_SUMMARY')]: JSON.stringify(data) };
}

/** Waits until a point in time, Unix time in milliseconds. */
export function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - Date.now())));
}

function text(name: string): string {
  const value = __ENV[name];
  if (!value) {
    throw new Error(`${name} is missing: run this with npm run bench -- k6-…`);
  }
  return value;
}

function count(name: string): number {
  return Number(text(name));
}
