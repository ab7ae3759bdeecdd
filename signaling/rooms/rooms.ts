import { EventEmitter, once } from 'node:events';
import { CanopyError, type Logger } from '../../base/index.ts';
import type { Sfu } from '../../sfu/index.ts';
import type { Peer } from './peer.ts';
import { type LeaveReason, Room, type RoomOptions } from './room.ts';

export interface RoomsOptions {
  sfu: Sfu;
  log: Logger;
  maxRooms: number;
  maxPeersPerRoom: number;
  resumeMilliseconds: number;
  rehomeTicket: RoomOptions['rehomeTicket'];
}

/** All open rooms of this node, and the way of the media plane's events into them. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #options: RoomsOptions;
  readonly #events = new EventEmitter<{ empty: [] }>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#listen(options.sfu);
  }

  get size(): number {
    return this.#rooms.size;
  }

  get peers(): Peer[] {
    return [...this.#rooms.values()].flatMap((room) => [...room.peers.values()]);
  }

  find(roomId: string): Room | undefined {
    return this.#rooms.get(roomId);
  }

  /** The room of this name, opened when it isn't. @throws CanopyError SERVER_BUSY */
  open(roomId: string): Room {
    const open = this.#rooms.get(roomId);
    if (open) {
      return open;
    }
    if (this.#rooms.size >= this.#options.maxRooms) {
      throw new CanopyError('SERVER_BUSY', `at most ${this.#options.maxRooms} rooms`);
    }
    const room = new Room({
      roomId,
      sfu: this.#options.sfu,
      log: this.#options.log,
      maxPeers: this.#options.maxPeersPerRoom,
      resumeMilliseconds: this.#options.resumeMilliseconds,
      rehomeTicket: this.#options.rehomeTicket,
      onEmpty: (empty) => this.#forget(empty),
    });
    this.#rooms.set(roomId, room);
    return room;
  }

  /** Closes a room that nobody entered after all. */
  closeIfEmpty(room: Room): void {
    if (room.peers.size === 0 && !room.closed) {
      room.close();
      this.#forget(room);
    }
  }

  /** Takes those peers out, connected or not, that are meant. */
  remove(isMeant: (peer: Peer) => boolean, reason: LeaveReason): void {
    for (const room of [...this.#rooms.values()]) {
      for (const peer of [...room.peers.values()].filter(isMeant)) {
        room.remove(peer, reason);
      }
    }
  }

  /** Resolves when nobody is left, or after the time in milliseconds. */
  async empty(milliseconds: number): Promise<void> {
    if (this.#rooms.size > 0) {
      const over = AbortSignal.timeout(milliseconds);
      await Promise.race([once(this.#events, 'empty'), once(over, 'abort')]);
    }
  }

  close(): void {
    for (const room of [...this.#rooms.values()]) {
      room.close();
    }
    this.#rooms.clear();
  }

  #forget(room: Room): void {
    this.#rooms.delete(room.roomId);
    if (this.#rooms.size === 0) {
      this.#events.emit('empty');
    }
  }

  #listen(sfu: Sfu): void {
    const peerOf = ({ roomId, peerId }: { roomId: string; peerId: string }) =>
      this.#rooms.get(roomId)?.peers.get(peerId);
    sfu.on('roomlost', ({ roomId }) => this.#rooms.get(roomId)?.rehome('worker-died'));
    sfu.on('speaker', ({ roomId, producerId }) => this.#rooms.get(roomId)?.setSpeaker(producerId));
    sfu.on('consumerclosed', (event) => {
      const peer = peerOf(event);
      if (peer?.consumers.delete(event.consumerId)) {
        peer.send('consumer.closed', { consumerId: event.consumerId });
      }
    });
    sfu.on('consumerlayers', (event) => {
      peerOf(event)?.send('consumer.layers', { consumerId: event.consumerId, layers: event.layers });
    });
    sfu.on('producerwanted', ({ producerId, spatialLayers, ...event }) => {
      peerOf(event)?.send('producer.wanted', { producerId, spatialLayers });
    });
    sfu.on('allocation', ({ tiles, ...event }) => peerOf(event)?.send('room.allocation', { tiles }));
    sfu.on('transportstate', (event) => {
      const peer = peerOf(event);
      peer?.send('transport.state', { transportId: event.transportId, state: event.state });
      peer?.media.update(event.transportId, event.state);
    });
  }
}
