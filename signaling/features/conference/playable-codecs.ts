import type { PhoneCodec } from '../../../sfu/index.ts';
import type { Kernel, Peer, Room } from '../../kernel/index.ts';

/** Tells each bridge which codecs of phones everybody else in its room can play, if the room's settings permit to send them. */
export class PlayableCodecs {
  readonly #kernel: Kernel;
  /** What was last sent to each bridge. */
  readonly #told = new WeakMap<Peer, string>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** For a snapshot. */
  of(room: Room, peer: Peer): PhoneCodec[] {
    const codecs = this.#codecs(room, peer);
    this.#told.set(peer, codecs.join());
    return codecs;
  }

  /** Tells a bridge that has its snapshot what has changed. */
  update(room: Room, peer: Peer): void {
    const told = this.#told.get(peer);
    const codecs = this.#codecs(room, peer);
    if (told !== undefined && told !== codecs.join()) {
      this.#told.set(peer, codecs.join());
      peer.send('room.playable', { codecs });
    }
  }

  #codecs({ roomId, record }: Room, { peerId, principal }: Peer): PhoneCodec[] {
    if (principal.kind !== 'bridge' || record.phonePassThrough !== 'automatic') {
      return [];
    }
    return this.#kernel.sfu.playableFrom(roomId, peerId);
  }
}
