import type { RequestData, RequestResult } from '../../../contract/index.ts';
import { type Kernel, requireSeat, type Session } from '../../kernel/index.ts';
import { forClient } from './media-handlers.ts';

type Wanted = NonNullable<RequestData<'room.join'>['media']>;
type Offered = NonNullable<RequestResult<'room.join'>['media']>;

/** As in `consumer.create`. */
const MAX_CONSUMERS = 64;

/**
 * Creates both transports of a peer that has just entered, and consumers of what it wants to receive. Undefined if that fails: then there
 * are no transports either, so that the client can ask for each and learn why.
 */
export async function offerMedia(
  context: Kernel,
  session: Session,
  { rtpCapabilities, consume: kinds }: Wanted,
): Promise<Offered | undefined> {
  const { room, peer } = requireSeat(session);
  const media = room.mediaOf(peer);
  const producerIds = room
    .producersFor(peer)
    .filter(({ kind }) => kinds === 'all' || kind === 'audio')
    .map(({ producerId }) => producerId)
    .slice(0, MAX_CONSUMERS);
  /** Without consumers, e.g. because of a limit, the client asks for them, and learns why it gets none. */
  const consume = (transportId: string) =>
    media.consume({ transportId, producerIds }).then(
      ({ consumers }) => consumers,
      () => [],
    );
  const [send, recv] = await Promise.allSettled([
    media.createTransport({ direction: 'send' }),
    media.createTransport({ direction: 'recv', rtpCapabilities }),
  ]);
  if (send.status === 'rejected' || recv.status === 'rejected') {
    for (const each of [send, recv]) {
      if (each.status === 'fulfilled') {
        context.sfu.closeTransport(room.roomId, peer.peerId, each.value.transportId);
      } else {
        session.log.debug({ err: each.reason }, 'the transports of a newcomer could not be created');
      }
    }
    return undefined;
  }
  context.stage(session, 'transport_created');
  const consumers = producerIds.length > 0 ? await consume(recv.value.transportId) : [];
  if (consumers.length > 0) {
    context.stage(session, 'first_consumer');
  }
  return { send: forClient(send.value), recv: forClient(recv.value), consumers };
}
