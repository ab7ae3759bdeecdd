import type { RequestName, RequestResult } from '../../../contract/index.ts';
import { verifyDtlsProof } from '../../identity/index.ts';
import type { Handler, PeerMedia, Session } from '../../kernel/index.ts';
import { type Kernel, requirePrincipal, requireSeat } from '../../kernel/index.ts';

type MediaRequest = Extract<RequestName, `transport.${string}` | `producer.${string}` | `consumer.${string}`>;

/** Handlers for a peer's own media. */
export function mediaHandlers(context: Kernel): { [N in MediaRequest]: Handler<N> } {
  return { ...transportHandlers(context), ...producerHandlers(context), ...consumerHandlers(context) };
}

function transportHandlers(context: Kernel) {
  return {
    'transport.create': async (session, data) => {
      const created = await requireMedia(session).createTransport(data);
      context.stage(session, 'transport_created');
      return forClient(created);
    },

    'transport.connect': async (session, { transportId, dtlsParameters, signature }) => {
      const media = requireMedia(session);
      media.requireTransport(transportId);
      const [{ value }] = dtlsParameters.fingerprints;
      await verifyDtlsProof(requirePrincipal(session).device, { transportId, fingerprint: value, signature });
      await media.connectTransport(transportId, dtlsParameters);
      return {};
    },

    'transport.restartIce': async (session, { transportId }) => ({
      iceParameters: await requireMedia(session).restartIce(transportId),
    }),

    'transport.close': async (session, { transportId }) => {
      requireMedia(session).closeTransport(transportId);
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;
}

function producerHandlers(context: Kernel) {
  return {
    'producer.create': async (session, data) => {
      const { producerId } = await requireMedia(session).produce(data);
      context.stage(session, 'first_producer');
      return { producerId };
    },

    'producer.pause': async (session, { producerId }) => {
      await requireMedia(session).pauseProducer(producerId);
      return {};
    },

    'producer.resume': async (session, { producerId }) => {
      await requireMedia(session).resumeProducer(producerId);
      return {};
    },

    'producer.close': async (session, { producerId }) => {
      requireMedia(session).closeProducer(producerId);
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;
}

function consumerHandlers(context: Kernel) {
  return {
    'consumer.create': async (session, data) => {
      const result = await requireMedia(session).consume(data);
      if (result.consumers.length > 0) {
        context.stage(session, 'first_consumer');
      }
      return result;
    },

    'consumer.resume': async (session, { consumerIds }) => {
      await requireMedia(session).resumeConsumers(consumerIds);
      return {};
    },

    'consumer.pause': async (session, { consumerIds }) => {
      await requireMedia(session).pauseConsumers(consumerIds);
      return {};
    },

    'consumer.close': async (session, { consumerIds }) => {
      await requireMedia(session).closeConsumers(consumerIds);
      return {};
    },

    'consumer.setPreferredLayers': async (session, { consumerId, ...layers }) => {
      await requireMedia(session).setPreferredLayers(consumerId, layers);
      return {};
    },

    'consumer.requestKeyFrame': async (session, { consumerId }) => {
      await requireMedia(session).requestKeyFrame(consumerId);
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;
}

/** What a client learns of a new transport. */
export function forClient({
  transportId,
  iceParameters,
  iceCandidates,
  dtlsParameters,
  binding,
}: Awaited<ReturnType<PeerMedia['createTransport']>>): RequestResult<'transport.create'> {
  return { transportId, iceParameters, iceCandidates, dtlsParameters, binding };
}

/** The media of the connection's peer. @throws {CanopyError} ROOM_NOT_JOINED */
function requireMedia(session: Session): PeerMedia {
  const { room, peer } = requireSeat(session);
  return room.mediaOf(peer);
}
