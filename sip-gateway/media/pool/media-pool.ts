import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../base/index.ts';
import type { CodecCapabilities } from '../../codecs/index.ts';
import { Dtls, type DtlsIdentity } from '../dtls/index.ts';
import type { LegEvent, LegStats, MediaSource } from '../leg-types.ts';
import { StreamNumbers } from '../rtp/index.ts';
import { Srtp } from '../srtp/index.ts';
import {
  MediaThread,
  type RequestName,
  type Requests,
  ThreadGone,
  type ThreadOptions,
  type ThreadStats,
} from '../thread/index.ts';
import { LegRecord, RoomRecord, type Slot } from './records.ts';

export interface PoolOptions extends Omit<ThreadOptions, 'logLevel'> {
  /** Receives the threads' log lines. Default: none are logged. */
  log?: Logger;
  /** Number of threads. 0 (default): half the cores, but at least two (one on a single core). */
  threads?: number;
  /** The identity of an earlier process for DTLS, whose calls go on. Default: a new one. */
  dtlsIdentity?: DtlsIdentity | undefined;
  /** Starts a thread. Default: MediaThread.start. */
  start?: (options: ThreadOptions) => Promise<MediaThread>;
}

export interface PoolStats {
  legs: number;
  rooms: number;
  threads: ThreadStats[];
}

/** The state of the stream to a phone, and where the phone's media comes from. Plain data. */
export interface SavedLeg {
  stream: { ssrc: number; sequenceNumber: number; timestamp: number };
  source: MediaSource | undefined;
}

interface MediaPoolEvents {
  /** An event of a leg. */
  leg: [legId: string, event: LegEvent];
  /** A thread died. Its calls continue in its successor, or (`resumed` false) have failed. */
  died: [error: Error | null, calls: { legs: number; resumed: boolean }];
}

type Opening<K extends 'leg.open' | 'room.open'> = Requests[K]['args'];
/** Requests that do not move a leg or room. */
type PlainRequest = Exclude<
  RequestName,
  `${string}.open` | `${string}.close` | 'leg.join' | 'leg.release' | 'thread.stats'
>;

/** If a thread dies sooner than this, in milliseconds, one of its calls is the likely cause, and they are not restored. */
const SHORT_LIFE_MS = 10_000;
/** Delay before retrying to start a thread, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Distributes rooms and legs over media threads. A room and its legs share one thread, since the mix needs all of them; a new room goes to
 * the thread with the fewest legs. A leg that was opened before its room was known moves when it joins, and keeps its ports and stream.
 * When a thread dies, another replaces it and restores its calls, after a fraction of a second of silence.
 */
export class MediaPool extends EventEmitter<MediaPoolEvents> {
  /** Opens the SRTP contexts that legs use. */
  readonly srtp: Srtp;
  /** Opens the DTLS associations that legs use. */
  readonly dtls: Dtls;
  readonly #options: PoolOptions;
  readonly #slots: Slot[];
  readonly #legs = new Map<string, LegRecord>();
  readonly #rooms = new Map<string, RoomRecord>();
  #closed = false;

  private constructor(options: PoolOptions, slots: Slot[]) {
    super();
    this.srtp = Srtp.load({ path: options.srtpPath, prefer: options.prefer });
    this.dtls = Dtls.load({
      path: options.dtlsPath,
      prefer: options.prefer,
      identity: options.dtlsIdentity,
    });
    this.#options = options;
    this.#slots = slots;
    for (const slot of slots) {
      this.#follow(slot);
    }
  }

  /** Starts the threads and loads their codecs. */
  static async start(options: PoolOptions = {}): Promise<MediaPool> {
    const count = options.threads || defaultThreads();
    const started = await Promise.allSettled(Array.from({ length: count }, () => startSlot(options)));
    const slots = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (!failed) {
      return new MediaPool(options, slots);
    }
    await Promise.all(slots.map(({ thread }) => thread.close()));
    throw failed.reason;
  }

  get capabilities(): CodecCapabilities {
    return (this.#slots[0] as Slot).thread.capabilities;
  }

  /** Binds a leg's ports. `roomId`: the room it will join, if known, which saves moving it. `stream`: continues this one to the phone. @throws {RangeError} no port, or a duplicate */
  async openLeg({
    roomId,
    stream,
    ...args
  }: Opening<'leg.open'> & { roomId?: string; stream?: SavedLeg['stream'] }): Promise<{ port: number }> {
    const { legId } = args;
    if (this.#legs.has(legId)) {
      throw new RangeError(`leg ${legId} is open`);
    }
    const leg = new LegRecord(this.#slotFor(roomId), args.ip, legId, roomId);
    if (stream) {
      leg.numbers.begin(stream);
    }
    this.#legs.set(legId, leg);
    try {
      const { port } = await this.#send(leg, 'leg.open', { ...args, numbers: leg.numbers.shared });
      leg.port = port;
      return { port };
    } catch (error) {
      this.#legs.delete(legId);
      throw error;
    }
  }

  /** What a later process needs to continue the stream to a phone; undefined before it has begun. */
  saveLeg(legId: string): SavedLeg | undefined {
    const leg = this.#legs.get(legId);
    const ssrc = leg?.numbers.ssrc;
    if (!leg || !ssrc) {
      return undefined;
    }
    const { sequenceNumber, timestamp } = leg.numbers;
    return { stream: { ssrc, sequenceNumber, timestamp }, source: leg.source };
  }

  /** Opens a room's mixer. `port` 0: any free one. @throws {RangeError} no port, or a duplicate */
  async openRoom(args: Opening<'room.open'>): Promise<{ port: number }> {
    const { roomId } = args;
    if (this.#rooms.has(roomId)) {
      throw new RangeError(`room ${roomId} is open`);
    }
    const room = new RoomRecord(this.#slotFor(roomId), args.ip, roomId);
    this.#rooms.set(roomId, room);
    try {
      const { port } = await this.#send(room, 'room.open', args);
      room.port = port;
      return { port };
    } catch (error) {
      this.#rooms.delete(roomId);
      throw error;
    }
  }

  /** Connects a leg to a room, both ways. `ssrc`: of its producer there. @throws {RangeError} an unknown leg or room */
  async join(args: Requests['leg.join']['args']): Promise<void> {
    const leg = this.#legOf(args.legId);
    const room = this.#roomOf(args.roomId);
    if (leg.slot !== room.slot) {
      // It may be in another room, which the other thread does not have.
      leg.note('leg.leave', { legId: args.legId });
      leg.busy = this.#move(leg, room.slot).finally(() => {
        leg.busy = undefined;
      });
      await leg.busy;
    }
    const seat = { ...args, numbers: new StreamNumbers().shared };
    await this.#send(leg, 'leg.join', seat);
    leg.note('leg.join', seat);
  }

  /** Sends a request to the thread of a leg or room. @throws {RangeError} an unknown leg or room, or invalid arguments */
  async request<K extends PlainRequest>(name: K, args: Requests[K]['args']): Promise<Requests[K]['result']> {
    const record = 'legId' in args ? this.#legOf(args.legId) : this.#roomOf(args.roomId);
    const result = await this.#send(record, name, args);
    record.note(name, args);
    return result;
  }

  /** Closes a leg and resolves with its last statistics. */
  async closeLeg(legId: string): Promise<LegStats | null> {
    const leg = this.#legs.get(legId);
    if (!leg) {
      return null;
    }
    try {
      return await this.#send(leg, 'leg.close', { legId });
    } finally {
      this.#legs.delete(legId);
    }
  }

  /** Closes a room's mixer. Legs still in it stay open, without a room. */
  async closeRoom(roomId: string): Promise<void> {
    const room = this.#rooms.get(roomId);
    if (!room) {
      return;
    }
    try {
      await this.#send(room, 'room.close', { roomId });
    } finally {
      this.#rooms.delete(roomId);
      for (const leg of this.#legs.values()) {
        leg.leftRoom(roomId);
      }
    }
  }

  async stats(): Promise<PoolStats> {
    const threads = await Promise.all(
      this.#slots.map(async (slot) => {
        await slot.busy;
        return slot.thread.request('thread.stats', {});
      }),
    );
    const sum = (key: 'legs' | 'rooms') => threads.reduce((total, thread) => total + thread[key], 0);
    return { legs: sum('legs'), rooms: sum('rooms'), threads };
  }

  /** Ends all threads. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      this.#slots.map(async (slot) => {
        await slot.busy;
        await slot.thread.close();
      }),
    );
  }

  /** Sends a request to the record's thread. If the thread dies meanwhile, retries once in its successor. */
  async #send<K extends RequestName>(
    record: LegRecord | RoomRecord,
    name: K,
    args: Requests[K]['args'],
  ): Promise<Requests[K]['result']> {
    for (let retried = false; ; retried = true) {
      if (record.busy && name !== 'leg.release') {
        await record.busy;
      }
      if (record.slot.busy) {
        await record.slot.busy;
      }
      try {
        return await record.slot.thread.request(name, args);
      } catch (error) {
        if (retried || this.#closed || !(error instanceof ThreadGone)) {
          throw error;
        }
      }
    }
  }

  async #move(leg: LegRecord, to: Slot): Promise<void> {
    const { legId } = leg;
    await this.#send(leg, 'leg.release', { legId });
    leg.slot = to;
    await to.busy;
    await leg.restore();
  }

  #slotFor(roomId: string | undefined): Slot {
    const legs = [...this.#legs.values()];
    const known =
      roomId === undefined
        ? undefined
        : (this.#rooms.get(roomId) ?? legs.find((leg) => leg.roomId === roomId))?.slot;
    if (known) {
      return known;
    }
    const load = (slot: Slot) => {
      const rooms = [...this.#rooms.values()].filter((room) => room.slot === slot);
      // A new room has no legs yet, so each room counts as half a leg.
      return legs.filter((leg) => leg.slot === slot).length + rooms.length / 2;
    };
    return this.#slots.reduce((best, slot) => (load(slot) < load(best) ? slot : best));
  }

  #legOf(legId: string): LegRecord {
    const leg = this.#legs.get(legId);
    if (!leg) {
      throw new RangeError(`no leg ${legId}`);
    }
    return leg;
  }

  #roomOf(roomId: string): RoomRecord {
    const room = this.#rooms.get(roomId);
    if (!room) {
      throw new RangeError(`no room ${roomId}`);
    }
    return room;
  }

  #follow(slot: Slot): void {
    slot.thread.on('leg', (legId, event) => {
      const leg = this.#legs.get(legId);
      if (event.type === 'source' || event.type === 'nominated') {
        const component = event.type === 'source' ? 1 : event.component;
        leg?.heardFrom({ address: event.address, port: event.port }, component);
      } else if (event.type === 'played') {
        leg?.played(event.promptId);
      }
      this.emit('leg', legId, event);
    });
    slot.thread.once('close', (error) => {
      if (this.#closed) {
        return;
      }
      slot.busy = this.#replace(slot, error).finally(() => {
        slot.busy = undefined;
      });
    });
  }

  /** Replaces a dead thread and restores its calls. Never rejects. */
  async #replace(slot: Slot, error: Error | null): Promise<void> {
    const diedMs = performance.now();
    const legs = [...this.#legs.values()].filter((leg) => leg.slot === slot);
    const rooms = [...this.#rooms.values()].filter((room) => room.slot === slot);
    const resumed = performance.now() - slot.startedMs > SHORT_LIFE_MS;
    if (!resumed) {
      for (const { roomId } of rooms) {
        this.#rooms.delete(roomId);
      }
      for (const leg of legs) {
        this.#fail(leg, 'the media thread died');
      }
    }
    this.emit('died', error, { legs: legs.length, resumed });
    for (let alive = false; !alive; ) {
      if (this.#closed) {
        return;
      }
      alive = await startSlot(this.#options).then(
        (started) => Object.assign(slot, started) !== undefined,
        () => sleep(RETRY_MS, false),
      );
    }
    this.#follow(slot);
    if (!resumed) {
      return;
    }
    // If a room cannot be restored, restoring its legs fails, too.
    await Promise.allSettled(rooms.map((room) => room.restore()));
    const silentMs = performance.now() - diedMs;
    await Promise.all(
      legs.map((leg) => leg.restore(silentMs).catch((failure) => this.#fail(leg, String(failure)))),
    );
  }

  #fail(leg: LegRecord, message: string): void {
    if (this.#legs.get(leg.legId) !== leg) {
      return;
    }
    this.#legs.delete(leg.legId);
    this.emit('leg', leg.legId, { type: 'failed', message });
  }
}

/**
 * Half the cores, since media workers and signalling need the others. At least two, so that one busy thread (other work on its core, a
 * large room) does not delay every call. Each takes about 20 MiB.
 */
function defaultThreads(): number {
  const cores = availableParallelism();
  return Math.max(Math.min(2, cores), Math.floor(cores / 2));
}

async function startSlot({
  start = MediaThread.start,
  threads: _,
  dtlsIdentity: _identity,
  log,
  ...options
}: PoolOptions): Promise<Slot> {
  const thread = await start({ ...options, logLevel: log?.level });
  thread.on('log', ({ level, fields, text }) => log?.[level](fields, text));
  return { thread, startedMs: performance.now(), busy: undefined };
}
