import type { PhoneSeat } from './phone-seat.ts';
import { RoomBridge, type RoomBridgeOptions, type SeatEvents } from './room-bridge.ts';

/** The rooms that have phones. */
export class RoomBridges {
  readonly #options: Omit<RoomBridgeOptions, 'roomId' | 'onClosed'>;
  readonly #rooms = new Map<string, RoomBridge>();
  /** Rooms that are being left: they can be entered anew only after that. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(options: Omit<RoomBridgeOptions, 'roomId' | 'onClosed'>) {
    this.#options = options;
  }

  get size(): number {
    return this.#rooms.size + this.#leaving.size;
  }

  find(roomId: string): RoomBridge | undefined {
    return this.#rooms.get(roomId);
  }

  /** Brings a phone into a room, which is opened for the first one. Rejects as RoomBridge.enter() does. */
  async enter(
    roomId: string,
    phone: Parameters<RoomBridge['enter']>[0],
    events: SeatEvents,
  ): Promise<PhoneSeat> {
    while (this.#leaving.has(roomId)) {
      await this.#leaving.get(roomId);
    }
    return (this.#rooms.get(roomId) ?? this.#open(roomId)).enter(phone, events);
  }

  async close(): Promise<void> {
    await Promise.all([...[...this.#rooms.values()].map((room) => room.close()), ...this.#leaving.values()]);
  }

  #open(roomId: string): RoomBridge {
    const room = new RoomBridge({
      ...this.#options,
      roomId,
      onClosed: () => {
        if (this.#rooms.get(roomId) !== room) {
          return;
        }
        this.#rooms.delete(roomId);
        // Called from within close(), whose promise is there a moment later.
        const left = Promise.resolve()
          .then(() => room.close())
          .finally(() => this.#leaving.delete(roomId));
        this.#leaving.set(roomId, left);
      },
    });
    this.#rooms.set(roomId, room);
    return room;
  }
}
