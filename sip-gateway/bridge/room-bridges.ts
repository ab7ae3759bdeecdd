import type { PhoneSeat } from './phone-seat.ts';
import { RoomBridge, type RoomBridgeOptions, type SeatEvents } from './room-bridge.ts';

/** The bridges of all rooms with phones. */
export class RoomBridges {
  readonly #options: Omit<RoomBridgeOptions, 'roomId' | 'onClosed'>;
  readonly #rooms = new Map<string, RoomBridge>();
  /** Bridges that are closing. Their rooms can be entered again only after that. */
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

  /** Adds a phone to a room; the first one opens the bridge. @throws {CanopyError} any code of RoomBridge.enter() */
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

  /** Gives the participant of a seat to another call; undefined if it has left the room. */
  handOver(before: PhoneSeat, events: SeatEvents): PhoneSeat | undefined {
    return this.#rooms.get(before.roomId)?.handOver(before, events);
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
        // close() calls this before it has stored its promise, so wait a microtask.
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
