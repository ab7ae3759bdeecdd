import type { RoomChange, RoomDescription } from '../../../contract/index.ts';
import { demand, type Kernel, type Principal } from '../../kernel/index.ts';

/** Reads and changes what is decided for a room. */
export class RoomConfiguration {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws {CanopyError} STORE_BUSY */
  async read(roomId: string): Promise<RoomDescription> {
    return { ...(await this.#kernel.rooms.record(roomId)) };
  }

  /** @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
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
      await rooms.configure(room, change, check);
      const by = 'accountId' in principal ? principal.accountId : principal.kind;
      log.info({ roomId, by, changed: Object.keys(change) }, 'room settings changed');
    }
    return { ...room };
  }
}
