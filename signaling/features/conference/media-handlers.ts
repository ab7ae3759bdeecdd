import { CanopyError } from '../../../base/index.ts';
import type { ProducerInfo, RequestName } from '../../../contract/index.ts';
import { verifyDtlsProof } from '../../identity/index.ts';
import type { Handler, Peer, Room, Session } from '../../kernel/index.ts';
import { demand, factorOf, type Kernel, may, requirePrincipal, requireSeat } from '../../kernel/index.ts';
import { requireGeneration, requireProducer, requireTransport } from './owned.ts';

type MediaRequest = Extract<RequestName, `transport.${string}` | `producer.${string}` | `consumer.${string}`>;

export function mediaHandlers(context: Kernel): { [N in MediaRequest]: Handler<N> } {
  return { ...transportHandlers(context), ...producerHandlers(context), ...consumerHandlers(context) };
}

function transportHandlers(context: Kernel) {
  const { sfu, authority } = context;
  return {
    'transport.create': async (session, data) => {
      const { room, peer } = requireSeat(session);
      if (peer.transports.has(data.direction)) {
        throw new CanopyError('TRANSPORT_EXISTS');
      }
      // Taken before waiting, so that of two requests at once only one makes a transport.
      peer.transports.set(data.direction, '');
      const { generation } = peer;
      try {
        const info = await sfu.createTransport(room.roomId, peer.peerId, data);
        const fingerprint = info.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
        const binding = await authority.signDtls(info.workerId, fingerprint?.value ?? '');
        requireGeneration(room, peer, generation);
        peer.transportMade(data.direction, info.transportId);
        context.stage(session, 'transport_created');
        const { transportId, iceParameters, iceCandidates, dtlsParameters } = info;
        peer.media.add({ transportId, direction: data.direction, iceCandidates });
        return { transportId, iceParameters, iceCandidates, dtlsParameters, binding };
      } catch (error) {
        if (peer.generation === generation && peer.transports.get(data.direction) === '') {
          peer.transports.delete(data.direction);
        }
        throw error;
      }
    },

    'transport.connect': async (session, { transportId, dtlsParameters, signature }) => {
      const { room, peer } = requireSeat(session);
      requireTransport(peer, transportId);
      const [{ value }] = dtlsParameters.fingerprints;
      await verifyDtlsProof(requirePrincipal(session).device, { transportId, fingerprint: value, signature });
      peer.media.connecting(transportId);
      await sfu.connectTransport(room.roomId, peer.peerId, transportId, dtlsParameters);
      return {};
    },

    'transport.restartIce': async (session, { transportId }) => {
      const { room, peer } = requireSeat(session);
      requireTransport(peer, transportId);
      return { iceParameters: await sfu.restartIce(room.roomId, peer.peerId, transportId) };
    },

    'transport.close': async (session, { transportId }) => {
      const { room, peer } = requireSeat(session);
      const direction = requireTransport(peer, transportId);
      sfu.closeTransport(room.roomId, peer.peerId, transportId);
      peer.media.remove(transportId);
      peer.transports.delete(direction);
      if (direction === 'recv') {
        peer.consumers.clear();
      } else {
        for (const producerId of [...peer.producers.keys()]) {
          room.forgetProducer(peer, producerId);
        }
      }
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;
}

function producerHandlers(context: Kernel) {
  const { sfu, config } = context;
  return {
    'producer.create': async (session, { participantId: hosted, source, ...options }) => {
      const { room, peer } = requireSeat(session);
      const participantId = hosted ?? peer.participantId;
      if (participantId === undefined || !peer.participants.has(participantId)) {
        throw new CanopyError('FORBIDDEN', 'participantId: you host no such participant');
      }
      demand(peer.principalOf(participantId), 'media.send', room.record);
      requireTransport(peer, options.transportId);
      const limit = config.limits.producersPerPeer * factorOf(peer.principal);
      if (peer.producers.size + peer.pending.producers >= limit) {
        throw new CanopyError('LIMIT_REACHED', `at most ${limit} producers`);
      }
      // With its transport: a voice on one that has closed since does not stand in the way of its successor.
      const voice = `${source} ${participantId} ${options.transportId}`;
      if (
        options.kind === 'audio' &&
        (peer.pendingVoices.has(voice) || hasVoice(peer, source, participantId))
      ) {
        throw new CanopyError('LIMIT_REACHED', `one ${source} per participant`);
      }
      const { generation } = peer;
      // Counted before the await, so that concurrent requests cannot exceed the limits together.
      peer.pending.producers += 1;
      peer.pendingVoices.add(voice);
      const { producerId } = await sfu
        .produce(room.roomId, peer.peerId, {
          ...options,
          source,
          participantId,
          // A person with several devices is one speaker; each phone of a bridge is its own.
          speakerId: peer.principal.kind === 'bridge' ? participantId : peer.device.accountId,
        })
        .finally(() => {
          peer.pending.producers -= 1;
          peer.pendingVoices.delete(voice);
        });
      requireGeneration(room, peer, generation);
      if (
        !peer.participants.has(participantId) ||
        !may(peer.principalOf(participantId), 'media.send', room.record)
      ) {
        // Removed, kicked or silenced while the worker was at work.
        sfu.closeProducer(room.roomId, peer.peerId, producerId);
        throw new CanopyError('PARTICIPANT_UNKNOWN');
      }
      const producer: ProducerInfo = {
        producerId,
        participantId,
        kind: options.kind,
        source,
        paused: options.paused,
      };
      peer.producers.set(producerId, producer);
      context.stage(session, 'first_producer');
      room.append('producer.added', { producer });
      return { producerId };
    },

    'producer.pause': async (session, { producerId }) => {
      await setPaused(session, producerId, true);
      return {};
    },

    'producer.resume': async (session, { producerId }) => {
      await setPaused(session, producerId, false);
      return {};
    },

    'producer.close': async (session, { producerId }) => {
      const { room, peer } = requireSeat(session);
      requireProducer(peer, producerId);
      sfu.closeProducer(room.roomId, peer.peerId, producerId);
      room.forgetProducer(peer, producerId);
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;

  async function setPaused(session: Session, producerId: string, paused: boolean): Promise<void> {
    const { room, peer } = requireSeat(session);
    const { participantId } = requireProducer(peer, producerId);
    if (!paused) {
      demand(peer.principalOf(participantId), 'media.send', room.record);
    }
    await room.setProducerPaused(peer, producerId, paused);
  }
}

/** Whether a participant already has sound from this source, or is creating it. */
function hasVoice(peer: Peer, source: ProducerInfo['source'], participantId: string): boolean {
  return [...peer.producers.values()].some(
    (producer) => producer.source === source && producer.participantId === participantId,
  );
}

function consumerHandlers(context: Kernel) {
  const { sfu, config } = context;
  return {
    'consumer.create': async (session, { transportId, producerIds }) => {
      const { room, peer } = requireSeat(session);
      const { consumersPerPeer } = config.limits;
      if (peer.consumers.size + peer.pending.consumers + producerIds.length > consumersPerPeer) {
        throw new CanopyError('LIMIT_REACHED', `at most ${consumersPerPeer} consumers`);
      }
      const { generation } = peer;
      peer.pending.consumers += producerIds.length;
      const results = await Promise.all(
        producerIds.map(async (producerId) => {
          try {
            const consumer = await sfu.consume(room.roomId, peer.peerId, { transportId, producerId });
            return { consumer, producerId };
          } catch (error) {
            return { producerId, error: CanopyError.from(error).toJSON() };
          }
        }),
      );
      peer.pending.consumers -= producerIds.length;
      requireGeneration(room, peer, generation);
      const consumers = results.flatMap(({ consumer }) => consumer ?? []);
      for (const { consumerId, producerId } of consumers) {
        peer.consumers.set(consumerId, producerId);
      }
      if (consumers.length > 0) {
        context.stage(session, 'first_consumer');
      }
      return {
        consumers,
        failed: results.flatMap(({ producerId, error }) => (error ? { producerId, error } : [])),
      };
    },

    'consumer.resume': async (session, { consumerIds }) => {
      await forEach(session, consumerIds, (room, peer, id) =>
        sfu.resumeConsumer(room.roomId, peer.peerId, id),
      );
      return {};
    },

    'consumer.pause': async (session, { consumerIds }) => {
      await forEach(session, consumerIds, (room, peer, id) =>
        sfu.pauseConsumer(room.roomId, peer.peerId, id),
      );
      return {};
    },

    'consumer.close': async (session, { consumerIds }) => {
      await forEach(session, consumerIds, async (room, peer, id) => {
        sfu.closeConsumer(room.roomId, peer.peerId, id);
        peer.consumers.delete(id);
      });
      return {};
    },

    'consumer.setPreferredLayers': async (session, { consumerId, ...layers }) => {
      await forEach(session, [consumerId], (room, peer, id) =>
        sfu.setPreferredLayers(room.roomId, peer.peerId, { consumerId: id, layers }),
      );
      return {};
    },

    'consumer.requestKeyFrame': async (session, { consumerId }) => {
      await forEach(session, [consumerId], (room, peer, id) =>
        sfu.requestKeyFrame(room.roomId, peer.peerId, id),
      );
      return {};
    },
  } satisfies Partial<{ [N in MediaRequest]: Handler<N> }>;
}

/** Does something to each consumer that the peer still has; one that closed meanwhile is passed over. */
async function forEach(
  session: Session,
  consumerIds: string[],
  act: (room: Room, peer: Peer, consumerId: string) => Promise<void>,
): Promise<void> {
  const { room, peer } = requireSeat(session);
  const owned = consumerIds.filter((consumerId) => peer.consumers.has(consumerId));
  if (owned.length === 0) {
    throw new CanopyError('CONSUMER_UNKNOWN');
  }
  const results = await Promise.allSettled(owned.map((consumerId) => act(room, peer, consumerId)));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure && owned.some((consumerId) => peer.consumers.has(consumerId))) {
    throw failure.reason;
  }
}
