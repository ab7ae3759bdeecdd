import { type AllocatorInput, allocate } from '../allocator/index.ts';
import { Coalescer } from '../coalescer.ts';
import type { Tell } from '../tell.ts';
import type { RoomAllocation } from './room-allocation.ts';

/** How long to wait for more that belongs to the same act, in milliseconds. */
const GATHER_MS = 10;
/** The least time between two runs, in milliseconds. */
const GAP_MS = 100;
/**
 * Deciding takes at most one part in so many of a core. Putting into force is not counted: that is done once for each change, and what comes
 * after a great one, such as many joins, must not wait for seconds.
 */
const GAP_FACTOR = 20;
/** Everything is measured and decided anew every 2 s: so many times a second an eighth of the rooms. */
const RENEWALS = 8;
const INTERVAL_MS = 2000 / RENEWALS;

type DecidedRoom = Pick<RoomAllocation, 'roomId' | 'measure' | 'state' | 'apply'>;

export interface AllocationsOptions {
  /** The rooms that are open. */
  rooms(): readonly DecidedRoom[];
  /** What the node may send in all, in bits a second; null: not guarded. */
  linkBps: number | null;
  /** How much must be saved in these rooms for want of CPU. */
  stressLevel(rooms: readonly DecidedRoom[]): AllocatorInput['stressLevel'];
  tell: Tell;
}

/**
 * Decides for the rooms of the node who receives what: soon after something changed, and every two seconds. Where the node's link is
 * guarded all rooms are decided on together, else each by itself when something changed in it. Owned by Sfu.
 */
export class Allocations {
  readonly #options: AllocationsOptions;
  readonly #coalescer: Coalescer;
  readonly #interval: NodeJS.Timeout;
  readonly #changed = new Set<string>();
  /** By room; under a guarded link the whole is in one run. */
  readonly #egressBps = new Map<string, number>();
  /** CPU time of the last run's decisions, in milliseconds. */
  #decidingMs = 0;
  #renewals = 0;

  constructor(options: AllocationsOptions) {
    this.#options = options;
    this.#coalescer = new Coalescer({
      run: () => this.#run(),
      gatherMs: GATHER_MS,
      gapMs: () => Math.max(GAP_MS, this.#decidingMs * GAP_FACTOR),
      now: () => performance.now(),
    });
    this.#interval = setInterval(() => this.#renew(), INTERVAL_MS);
    this.#interval.unref();
  }

  /** Asks for new decisions for a room, soon. */
  request(roomId: string): void {
    this.#changed.add(roomId);
    this.#coalescer.request();
  }

  /** What the node sends by the decisions that hold, audio included, in bits a second. */
  get egressBps(): number {
    return [...this.#egressBps.values()].reduce((sum, bps) => sum + bps, 0);
  }

  close(): void {
    clearInterval(this.#interval);
    this.#coalescer.close();
  }

  #renew(): void {
    this.#renewals++;
    const rooms = this.#options.rooms().filter((_, place) => (place + this.#renewals) % RENEWALS === 0);
    for (const room of rooms) {
      room.measure();
      this.#changed.add(room.roomId);
    }
    if (rooms.length > 0) {
      this.#coalescer.request();
    }
  }

  #run(): void {
    const all = this.#options.rooms();
    const guarded = this.#options.linkBps !== null;
    const groups = guarded
      ? [all]
      : all.filter(({ roomId }) => this.#changed.has(roomId)).map((room) => [room]);
    this.#changed.clear();
    const open = new Set(all.map(({ roomId }) => roomId));
    for (const roomId of this.#egressBps.keys()) {
      if (guarded || !open.has(roomId)) {
        this.#egressBps.delete(roomId);
      }
    }
    const startedMs = performance.now();
    this.#decidingMs = 0;
    for (const group of groups) {
      this.#decide(group);
    }
    if (groups.length > 0) {
      const durationMs = performance.now() - startedMs;
      this.#options.tell('allocated', { durationMs, rooms: groups.flat().length });
    }
  }

  /** Decides for rooms together. */
  #decide(rooms: readonly DecidedRoom[]): void {
    const { linkBps, stressLevel } = this.#options;
    const nowMs = performance.now();
    const before = process.threadCpuUsage();
    const states = rooms.map((room) => room.state());
    const decision = allocate({
      nowMs,
      linkBps,
      stressLevel: stressLevel(rooms),
      pictures: states.flatMap(({ pictures }) => pictures),
      receivers: states.flatMap(({ receivers }) => receivers),
    });
    const { user, system } = process.threadCpuUsage(before);
    this.#decidingMs += (user + system) / 1000;
    for (const room of rooms) {
      room.apply(decision, nowMs);
    }
    const [first] = rooms;
    if (first) {
      this.#egressBps.set(first.roomId, decision.egressBps);
    }
  }
}
