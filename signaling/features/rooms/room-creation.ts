import type { EncryptionPolicy, RoomChange, RoomDescription } from '../../../contract/index.ts';
import { AccountRate, demand, describeRoom, type Kernel, type Principal } from '../../kernel/index.ts';
import { nameOf, type RoomConfiguration, recordChange } from './room-configuration.ts';
import { newRoomName } from './room-names.ts';

/** Rooms that an account may create at once, and per hour after that. */
const MAX_AT_ONCE = 20;
const PER_HOUR = 60;

/** Creates rooms. */
export class RoomCreation {
  readonly #kernel: Kernel;
  readonly #configuration: RoomConfiguration;
  readonly #rate = new AccountRate('new rooms', { perSecond: PER_HOUR / 3600, burst: MAX_AT_ONCE });

  constructor(kernel: Kernel, configuration: RoomConfiguration) {
    this.#kernel = kernel;
    this.#configuration = configuration;
  }

  /**
   * @param change its `ownerId` owns the room
   * @throws {CanopyError} FORBIDDEN, ROOM_EXISTS, LIMIT_REACHED, RATE_LIMITED, STORE_BUSY, STORE_UNWRITABLE
   */
  async create(
    principal: Principal,
    {
      roomId,
      encryption,
      ...change
    }: RoomChange & { roomId?: string | undefined; encryption?: EncryptionPolicy | undefined },
  ): Promise<RoomDescription> {
    const { rooms, log } = this.#kernel;
    demand(principal, 'room.create');
    this.#rate.take(principal);
    const name = roomId ?? newRoomName(change.title);
    // The devices of others could not check those of whoever creates the room.
    const certifiedBy =
      encryption !== undefined && encryption !== 'off' && principal.kind === 'device'
        ? principal.device.source
        : undefined;
    const hashed = { ...(await recordChange(change)), encryption, certifiedBy };
    const record = await this.#configuration.queued(principal, () => rooms.create(name, hashed));
    this.#configuration.announce(record);
    log.info({ roomId: name, by: nameOf(principal) }, 'room created');
    return describeRoom(record);
  }
}
