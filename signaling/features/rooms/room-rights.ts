import { type RoomAction, roomAction } from '../../../contract/index.ts';
import { type Kernel, may, type Peer, type Room } from '../../kernel/index.ts';

/** What takes media that the server can read. */
const CLEAR_ONLY: ReadonlySet<RoomAction> = new Set(['recording.control', 'captions.control']);

/** Tells each peer what it may do in its room. */
export class RoomRights {
  readonly #kernel: Kernel;
  /** What each peer was told last. */
  readonly #told = new WeakMap<Peer, string>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What a peer may do, for a snapshot. */
  of(room: Room, peer: Peer): RoomAction[] {
    const rights = this.#rights(room, peer);
    this.#told.set(peer, rights.join());
    return rights;
  }

  /** Tells a peer that has its snapshot what it may do now, if that has changed. */
  update(room: Room, peer: Peer): void {
    const told = this.#told.get(peer);
    const rights = this.#rights(room, peer);
    if (told !== undefined && told !== rights.join()) {
      this.#told.set(peer, rights.join());
      peer.send('room.rights', { rights });
    }
  }

  #rights({ record, encryption }: Room, { principal }: Peer): RoomAction[] {
    return roomAction.options.filter((action) => {
      if (encryption !== 'off' && CLEAR_ONLY.has(action)) {
        return false;
      }
      if (action === 'call.dial' && (encryption === 'required' || !this.#kernel.callsPhones())) {
        return false;
      }
      // Inviting makes accounts on the server, too.
      return (
        may(principal, action, record) && (action !== 'room.invite' || may(principal, 'invite.create:guest'))
      );
    });
  }
}
