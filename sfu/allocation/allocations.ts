import { type AllocatorInput, allocate } from '../allocator/index.ts';
import { Coalescer } from '../coalescer.ts';
import type { Emit } from '../emit.ts';
import type { RoomAllocation } from './room-allocation.ts';

/** How long to wait for related changes, in milliseconds. */
const GATHER_MS = 10;
/** Minimum time between two runs, in milliseconds. */
const GAP_MS = 100;
/**
 * Decisions use at most 1/20 of a core: the gap between runs is at least 20 times the CPU time of the last run. Applying decisions does not
 * count: it happens once per change, and must not wait for seconds after a large one, such as many joins.
 */
const GAP_FACTOR = 20;
/** Every room is re-measured every 2 s, an eighth of the rooms at a time, and re-evaluated unless it is settled … */
const SLICES = 8;
const INTERVAL_MS = 2000 / SLICES;
/** … or was evaluated within this time, in milliseconds. */
const REVIEW_MS = 10_000;

type AllocatedRoom = Pick<RoomAllocation, 'roomId' | 'measure' | 'isSettled' | 'extend' | 'state' | 'apply'>;

/** When a room was last decided, and under which stress. */
interface Decided {
  atMs: number;
  stressLevel: AllocatorInput['stressLevel'];
}

export interface AllocationsOptions {
  /** The open rooms. */
  rooms(): readonly AllocatedRoom[];
  /** Maximum egress bitrate of the node, in bits per second; null: unlimited. */
  linkBps: number | null;
  /** How much CPU these rooms must save. */
  stressLevel(rooms: readonly AllocatedRoom[]): AllocatorInput['stressLevel'];
  emit: Emit;
}

/**
 * Decides who receives what, for all rooms of the node: shortly after a change, and every two seconds. If the node's link is guarded, all
 * rooms are decided together; otherwise each room separately, when it changed. Owned by Sfu.
 */
export class Allocations {
  readonly #options: AllocationsOptions;
  readonly #coalescer: Coalescer;
  readonly #interval: NodeJS.Timeout;
  readonly #changed = new Set<string>();
  /** By room ID. With a guarded link, the total is stored under one room. */
  readonly #egressBps = new Map<string, number>();
  readonly #decided = new WeakMap<AllocatedRoom, Decided>();
  /** CPU time of the last run's decisions, in milliseconds. */
  #decidingMs = 0;
  #refreshes = 0;

  constructor(options: AllocationsOptions) {
    this.#options = options;
    this.#coalescer = new Coalescer({
      run: () => this.#run(),
      gatherMs: GATHER_MS,
      gapMs: () => Math.max(GAP_MS, this.#decidingMs * GAP_FACTOR),
      now: () => performance.now(),
    });
    this.#interval = setInterval(() => this.#refresh(), INTERVAL_MS);
    this.#interval.unref();
  }

  /** Requests a new decision for a room soon. */
  request(roomId: string): void {
    this.#changed.add(roomId);
    this.#coalescer.request();
  }

  /** Currently allocated egress bitrate, audio included, in bits per second. */
  get egressBps(): number {
    return [...this.#egressBps.values()].reduce((sum, bps) => sum + bps, 0);
  }

  close(): void {
    clearInterval(this.#interval);
    this.#coalescer.close();
  }

  #refresh(): void {
    this.#refreshes++;
    const nowMs = performance.now();
    const rooms = this.#options.rooms().filter((_, place) => (place + this.#refreshes) % SLICES === 0);
    for (const room of rooms) {
      room.measure();
      if (this.#repeats(room, nowMs)) {
        room.extend(nowMs);
      } else {
        this.request(room.roomId);
      }
    }
  }

  /** Whether a decision for this room alone would probably repeat the last one. */
  #repeats(room: AllocatedRoom, nowMs: number): boolean {
    const { linkBps, stressLevel } = this.#options;
    const decided = this.#decided.get(room);
    return (
      linkBps === null &&
      decided !== undefined &&
      nowMs - decided.atMs < REVIEW_MS &&
      decided.stressLevel === stressLevel([room]) &&
      room.isSettled()
    );
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
      this.#options.emit('allocated', { durationMs, rooms: groups.flat().length });
    }
  }

  /** Decides several rooms together. */
  #decide(rooms: readonly AllocatedRoom[]): void {
    const { linkBps, stressLevel } = this.#options;
    const nowMs = performance.now();
    const before = process.threadCpuUsage();
    const states = rooms.map((room) => room.state());
    const level = stressLevel(rooms);
    const decision = allocate({
      nowMs,
      linkBps,
      stressLevel: level,
      videos: states.flatMap(({ videos }) => videos),
      receivers: states.flatMap(({ receivers }) => receivers),
    });
    const { user, system } = process.threadCpuUsage(before);
    this.#decidingMs += (user + system) / 1000;
    for (const room of rooms) {
      room.apply(decision, nowMs);
      this.#decided.set(room, { atMs: nowMs, stressLevel: level });
    }
    const [first] = rooms;
    if (first) {
      this.#egressBps.set(first.roomId, decision.egressBps);
    }
  }
}
