import { CanopyError } from '../../base/errors/index.ts';
import { codedError } from '../worker-errors.ts';
import type { MediaWorker, WorkerPool } from '../workers/index.ts';
import { Room, type RoomOptions } from './room.ts';

/** Maximum attempts to open a room if workers die meanwhile. */
const OPEN_ATTEMPTS = 3;
/** Load of an open room without consumers, in consumers: it will be filled. */
const ROOM_LOAD = 20;

interface Entry {
  /** Set once a worker has been chosen. */
  worker: MediaWorker | undefined;
  /** Set once the room is open. */
  room: Room | undefined;
  opening: Promise<Room>;
  closed: boolean;
}

/** All rooms. Opens each once, on the least loaded worker. Owned by Sfu. */
export class Rooms {
  readonly #pool: WorkerPool;
  readonly #optionsOf: (roomId: string) => RoomOptions;
  readonly #entries = new Map<string, Entry>();
  /** Rooms that ended with their worker and have neither been reopened nor closed. */
  readonly #lost = new Set<string>();

  constructor(pool: WorkerPool, optionsOf: (roomId: string) => RoomOptions) {
    this.#pool = pool;
    this.#optionsOf = optionsOf;
  }

  /** The open rooms. */
  get all(): Room[] {
    return [...this.#entries.values()].flatMap(({ room }) => (room ? [room] : []));
  }

  find(roomId: string): Room | undefined {
    return this.#entries.get(roomId)?.room;
  }

  /** @throws {CanopyError} ROOM_NOT_JOINED, ROOM_REHOMING */
  get(roomId: string): Room {
    const room = this.find(roomId);
    if (room) {
      return room;
    }
    throw new CanopyError(this.#lost.has(roomId) ? 'ROOM_REHOMING' : 'ROOM_NOT_JOINED');
  }

  /**
   * Returns the room, opening it if needed; concurrent calls share one opening.
   * @throws {CanopyError} WORKER_UNAVAILABLE, SERVER_CLOSING
   */
  open(roomId: string): Promise<Room> {
    const known = this.#entries.get(roomId);
    if (known) {
      return known.opening;
    }
    const { promise: opening, resolve, reject } = Promise.withResolvers<Room>();
    const entry: Entry = { worker: undefined, room: undefined, opening, closed: false };
    this.#entries.set(roomId, entry);
    this.#lost.delete(roomId);
    this.#open(roomId, entry).then(resolve, (error: unknown) => {
      if (this.#entries.get(roomId) === entry) {
        this.#entries.delete(roomId);
      }
      reject(codedError(error));
    });
    return opening;
  }

  /** Closes a room, aborts its opening, or forgets a lost one. Idempotent. */
  close(roomId: string): void {
    this.#lost.delete(roomId);
    const entry = this.#entries.get(roomId);
    if (!entry) {
      return;
    }
    entry.closed = true;
    this.#entries.delete(roomId);
    entry.room?.close();
  }

  closeAll(): void {
    for (const roomId of [...this.#entries.keys()]) {
      this.close(roomId);
    }
    this.#lost.clear();
  }

  /** Closes the rooms of a worker that has died. Returns their IDs. */
  lose(worker: MediaWorker): string[] {
    const lost = this.all.filter((room) => room.uses(worker));
    for (const room of lost) {
      this.close(room.roomId);
      this.#lost.add(room.roomId);
    }
    return lost.map(({ roomId }) => roomId);
  }

  async #open(roomId: string, entry: Entry): Promise<Room> {
    for (let attempt = 1; ; attempt += 1) {
      const worker = this.#pool.leastLoaded((candidate) => this.#load(candidate));
      if (!worker) {
        await this.#pool.ready();
        continue;
      }
      entry.worker = worker;
      try {
        const room = await Room.create(worker, this.#optionsOf(roomId));
        if (entry.closed) {
          room.close();
        } else {
          entry.room = room;
        }
      } catch (error) {
        if (worker.alive || attempt >= OPEN_ATTEMPTS) {
          throw error;
        }
      }
      if (entry.closed) {
        throw new CanopyError('ROOM_NOT_JOINED', 'the room closed meanwhile');
      }
      if (entry.room) {
        return entry.room;
      }
    }
  }

  /** Load of a worker, in consumers; rooms that are open or opening are expected to have some. */
  #load(worker: MediaWorker): number {
    let load = 0;
    for (const entry of this.#entries.values()) {
      if (entry.worker === worker) {
        load += ROOM_LOAD;
      }
      load += entry.room?.consumerCountOn(worker) ?? 0;
    }
    return load;
  }
}
