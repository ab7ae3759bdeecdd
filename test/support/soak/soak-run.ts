import { setTimeout as delay } from 'node:timers/promises';
import { PhoneServer } from '../phone-server.ts';
import { eventually } from '../wait.ts';
import { INSPECTABLE } from './node-heap.ts';

/** The rooms of a soak. */
export const ROOMS = ['soak-0', 'soak-1', 'soak-2', 'soak-3'] as const;
export const PIN = '471100';
/** The number that asks for the PIN, and the room behind it. */
export const PIN_NUMBER = '200';
export const PIN_ROOM = ROOMS[0];
const FIRST_ROOM_NUMBER = 700;
/** How long after a kill failures are attributed to it, in milliseconds. */
const EXCUSED_MS = 20_000;
const SEEN_FAILURES = 50;

/** A soak's server, its clock and its history. */
export class SoakRun {
  readonly phones: PhoneServer;
  /** How often each action succeeded. */
  readonly done = new Map<string, number>();
  /** Number of failures explained by a kill, by action. */
  readonly excused = new Map<string, number>();
  /** Other failures, with their reasons. */
  readonly failures: string[] = [];
  workerKills = 0;
  gatewayKills = 0;
  readonly #killedAtMs: number[] = [];
  #roundEndsAtMs = 0;

  private constructor(phones: PhoneServer) {
    this.phones = phones;
  }

  static async start(phoneNames: string[]): Promise<SoakRun> {
    const phones = await PhoneServer.start({
      flags: ['--workers', '2'],
      env: { CANOPY_LIMITS_RESUME_SECONDS: '5', NODE_OPTIONS: INSPECTABLE },
    });
    await phones.addPhones(...phoneNames);
    await phones.setDialPlan([
      ...ROOMS.map((roomId) => ({ pattern: numberOf(roomId), action: { type: 'room', roomId } })),
      { pattern: PIN_NUMBER, action: { type: 'pin' } },
    ]);
    await phones.server.api('PUT', `/api/rooms/${PIN_ROOM}/pin`, { pin: PIN });
    return new SoakRun(phones);
  }

  get server() {
    return this.phones.server;
  }

  /** Whether the round is over, so that nothing new is started. */
  get roundIsOver(): boolean {
    return performance.now() >= this.#roundEndsAtMs;
  }

  startRound(milliseconds: number): void {
    this.#roundEndsAtMs = performance.now() + milliseconds;
  }

  /** Repeats an action until the round ends. A failure is recorded and ends only that attempt. */
  async repeat(name: string, pauseMs: number, act: (time: number) => Promise<void>): Promise<void> {
    for (; !this.roundIsOver; await delay(pauseMs)) {
      const startedMs = performance.now();
      try {
        await act((this.done.get(name) ?? 0) + (this.excused.get(name) ?? 0));
        count(this.done, name);
      } catch (error) {
        if (this.#isExcused(startedMs)) {
          count(this.excused, name);
        } else if (this.failures.length < SEEN_FAILURES) {
          this.failures.push(`${new Date().toISOString()} ${name}: ${reasonOf(error)}`);
        }
      }
    }
  }

  /** Kills the media worker that has the most rooms, then waits for its replacement. */
  async killWorker(): Promise<void> {
    const metrics = await this.server.metrics();
    const before = await this.server.workerPids();
    const [busiest] = [...metrics]
      .flatMap(([name, rooms]) => {
        const worker = /^canopy_worker_rooms\{(.+)\}$/.exec(name)?.[1];
        return worker === undefined ? [] : [{ pid: metrics.get(`canopy_worker_pid{${worker}}`) ?? 0, rooms }];
      })
      .sort((a, b) => b.rooms - a.rooms);
    if (busiest === undefined || busiest.pid <= 1) {
      throw new Error('no worker to kill');
    }
    this.workerKills += 1;
    this.#kill(busiest.pid);
    await eventually(
      'another worker runs',
      () => this.server.workerPids(),
      (pids) => pids.length === before.length && !pids.includes(busiest.pid),
    );
  }

  /** Kills the phone gateway and waits for its replacement. */
  async killGateway(): Promise<void> {
    const { gatewayPid } = this.phones;
    this.gatewayKills += 1;
    this.#kill(gatewayPid);
    await eventually('another gateway runs', () => this.phones.gatewayPid !== gatewayPid);
  }

  /** Log lines of level error and above that are not explained by a kill. */
  unexplainedErrors(): string[] {
    return this.server.log.split('\n').filter((line) => {
      const entry = parsed(line);
      return entry !== undefined && entry.level >= 50 && !this.#wasKilledBefore(entry.time);
    });
  }

  close(): Promise<void> {
    return this.phones.close();
  }

  #kill(pid: number): void {
    this.#killedAtMs.push(Date.now());
    process.kill(pid, 'SIGKILL');
  }

  #wasKilledBefore(atMs: number): boolean {
    return this.#killedAtMs.some((killedAtMs) => atMs >= killedAtMs && atMs - killedAtMs <= EXCUSED_MS);
  }

  /** Whether there was a kill during or shortly before an action that started then. */
  #isExcused(startedMs: number): boolean {
    const startedAtMs = Date.now() - (performance.now() - startedMs);
    return this.#killedAtMs.some((killedAtMs) => killedAtMs >= startedAtMs - EXCUSED_MS);
  }
}

/** The number that a phone dials to enter a room. */
export function numberOf(roomId: (typeof ROOMS)[number]): string {
  return String(FIRST_ROOM_NUMBER + ROOMS.indexOf(roomId));
}

/** The room for an index, in turn. */
export function roomAt(place: number): (typeof ROOMS)[number] {
  return ROOMS[place % ROOMS.length] ?? ROOMS[0];
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function parsed(line: string): { level: number; time: number } | undefined {
  try {
    return JSON.parse(line) as { level: number; time: number };
  } catch {
    return undefined;
  }
}
