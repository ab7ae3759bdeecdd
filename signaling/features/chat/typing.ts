import type { Peer, Room } from '../../kernel/index.ts';

/** How often the list of people who are writing is sent at most, in milliseconds. */
const SEND_MS = 1000;

/** Tells the people in a room who is writing: collected, so that many writers cost no more than one. Nothing is stored. */
export class Typing {
  /** Who has written since the last time, by room. */
  readonly #writing = new WeakMap<Room, { peers: Set<Peer>; sentAtMs: number }>();

  /** Somebody writes. Sent at once if the last time is long enough ago. */
  add(room: Room, peer: Peer): void {
    const state = this.#writing.get(room) ?? { peers: new Set<Peer>(), sentAtMs: Number.NEGATIVE_INFINITY };
    this.#writing.set(room, state);
    state.peers.add(peer);
    if (state.peers.size === 1) {
      const waitMs = Math.max(0, state.sentAtMs + SEND_MS - performance.now());
      setTimeout(() => this.#send(room, state), waitMs).unref();
    }
  }

  #send(room: Room, state: { peers: Set<Peer>; sentAtMs: number }): void {
    const writing = [...state.peers].filter((peer) => room.peers.get(peer.peerId) === peer);
    state.peers.clear();
    state.sentAtMs = performance.now();
    for (const peer of room.peers.values()) {
      const participantIds = writing.flatMap((each) =>
        each === peer || each.participantId === undefined ? [] : [each.participantId],
      );
      // Bridges have nobody who reads.
      if (participantIds.length > 0 && peer.participantId !== undefined) {
        peer.send('chat.typing', { participantIds });
      }
    }
  }
}
