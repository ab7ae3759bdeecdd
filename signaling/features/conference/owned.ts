import { CanopyError } from '../../../base/index.ts';
import type { ProducerInfo } from '../../../contract/index.ts';
import type { Peer, Room } from '../../kernel/index.ts';

/** The direction of an own transport. @throws CanopyError TRANSPORT_UNKNOWN */
export function requireTransport(peer: Peer, transportId: string): 'send' | 'recv' {
  for (const [direction, owned] of peer.transports) {
    if (owned === transportId) {
      return direction;
    }
  }
  throw new CanopyError('TRANSPORT_UNKNOWN');
}

/** @throws CanopyError PRODUCER_UNKNOWN */
export function requireProducer(peer: Peer, producerId: string): ProducerInfo {
  const producer = peer.producers.get(producerId);
  if (!producer) {
    throw new CanopyError('PRODUCER_UNKNOWN');
  }
  return producer;
}

/** After waiting for a worker: the peer must still be there, and its media of the same generation. */
export function requireGeneration(room: Room, peer: Peer, generation: number): void {
  if (room.peers.get(peer.peerId) !== peer) {
    throw new CanopyError('ROOM_NOT_JOINED');
  }
  if (peer.generation !== generation || room.generation !== generation) {
    throw new CanopyError('ROOM_REHOMING');
  }
}
