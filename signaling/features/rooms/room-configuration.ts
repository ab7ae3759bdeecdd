import { CanopyError } from '../../../base/index.ts';
import type { RoomChange, RoomDescription } from '../../../contract/index.ts';
import { demand, type Kernel, type Principal } from '../../kernel/index.ts';

/** How many changes of one account may wait for the store; all rooms share one queue. */
const MAX_WAITING = 8;

/** Reads and changes the settings of rooms. */
export class RoomConfiguration {
  readonly #kernel: Kernel;
  /** By account. */
  readonly #waiting = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws {CanopyError} STORE_BUSY */
  async read(roomId: string): Promise<RoomDescription> {
    return { ...(await this.#kernel.rooms.record(roomId)) };
  }

  /** @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, RATE_LIMITED, STORE_BUSY, STORE_UNWRITABLE */
  async change(principal: Principal, roomId: string, change: RoomChange): Promise<RoomDescription> {
    const { rooms, log } = this.#kernel;
    const room = await rooms.record(roomId);
    const check = () => {
      demand(principal, 'room.configure', room);
      if (change.ownerId !== undefined) {
        demand(principal, 'room.setOwner', room);
      }
    };
    check();
    if (Object.values(change).some((value) => value !== undefined)) {
      const by = 'accountId' in principal ? principal.accountId : principal.kind;
      const work = () => rooms.configure(room, change, check);
      // The operator trusts their own programs.
      await (principal.kind === 'token' ? work() : this.#queued(by, work));
      log.info({ roomId, by, changed: Object.keys(change) }, 'room settings changed');
    }
    return { ...room };
  }

  /** @throws {CanopyError} RATE_LIMITED */
  async #queued(by: string, work: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(by) ?? 0;
    if (waiting >= MAX_WAITING) {
      throw new CanopyError('RATE_LIMITED', `at most ${MAX_WAITING} changes at once`);
    }
    this.#waiting.set(by, waiting + 1);
    try {
      await work();
    } finally {
      const left = (this.#waiting.get(by) ?? 1) - 1;
      if (left > 0) {
        this.#waiting.set(by, left);
      } else {
        this.#waiting.delete(by);
      }
    }
  }
}
