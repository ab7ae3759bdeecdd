/** A conference: entering rooms, media, and the participants that a bridge hosts. */
import { z } from 'zod';
import {
  AUDIO_SOURCES,
  bridgeEndpoint,
  callState,
  certificateChain,
  clientDtlsParameters,
  codecsAreOf,
  consumerInfo,
  displayName,
  dtlsRole,
  errorBody,
  fromMediasoup,
  iceCandidate,
  iceParameters,
  logEntry,
  logged,
  logPosition,
  mediaKind,
  mediaSource,
  nothing,
  objectId,
  participant,
  preferredLayers,
  producerInfo,
  roomId,
  rtpCapabilities,
  rtpSendParameters,
  type SnapshotPart,
  type SnapshotParts,
  sha256Fingerprint,
  signature,
} from '../../../contract/index.ts';

const plainTransport = z.object({ transportId: objectId, address: z.string(), port: z.int() });

/** Why a picture is not better than it is; `full`: it is as good as its tile can use. */
export const roomAllocationReason = z.enum([
  'full',
  'budget',
  'estimate',
  'link',
  'stress',
  'paused',
  'steady',
  'sender',
]);

export const CONFERENCE_REQUESTS = {
  /**
   * Enters a room, comes back to it (`resume`, after a lost socket) or follows a `room.rehome` (`ticket`). When `resumed` is true,
   * transports, producers and consumers of the peer are as they were; else it has none.
   */
  'room.join': {
    data: z.object({
      roomId,
      displayName: displayName.optional(),
      resume: z
        .object({
          peerId: objectId,
          /** The last entry of the room log that the client has. */
          since: logPosition.optional(),
        })
        .optional(),
      ticket: z.string().max(2048).optional(),
    }),
    result: z.object({
      peerId: objectId,
      /** The peer's own participant; absent for a bridge, which hosts only others. */
      participantId: objectId.optional(),
      resumed: z.boolean(),
      routerRtpCapabilities: fromMediasoup,
      iceServers: z.array(
        z.object({
          urls: z.array(z.string()),
          username: z.string().optional(),
          credential: z.string().optional(),
        }),
      ),
      participants: z.array(participant),
      /** Other participants' producers. */
      producers: z.array(producerInfo),
      /** The dominant speaker, or null. */
      speaker: objectId.nullable(),
      /** What features keep of the room, by name. */
      parts: z.custom<{ [N in keyof SnapshotParts]: SnapshotPart<N> }>(),
      /**
       * Where the room log stands: all else here is the state after this entry. `entries`: what happened after `resume.since`, in order;
       * absent if nothing was asked for or the log does not reach back so far.
       */
      log: logPosition.extend({ entries: z.array(logEntry).optional() }),
      /** When resumed: the peer's own objects that live on. Others must be made again or dropped. */
      own: z.object({
        transportIds: z.array(objectId),
        producerIds: z.array(objectId),
        consumerIds: z.array(objectId),
      }),
    }),
  },
  'room.leave': { data: nothing, result: nothing },
  /**
   * What the client shows, all of it: pictures not named are off its screen and are not forwarded. Sent anew whenever it changes. Without it
   * the server assumes that everybody is shown at the same size.
   */
  'room.layout': {
    data: z.object({
      tiles: z
        .array(
          z.object({
            producerId: objectId,
            /** Size on the screen, in device pixels. */
            width: z.int().min(1).max(16_384),
            height: z.int().min(1).max(16_384),
            /** Chosen by the person who looks. */
            pinned: z.boolean().default(false),
          }),
        )
        .max(256),
      /** The most that the client wants to receive, audio included, in bits per second; the server's own budget still holds. */
      maxBitrateBps: z.int().min(50_000).max(1_000_000_000).optional(),
    }),
    result: nothing,
  },
  /** Makes the peer's transport of one direction. */
  'transport.create': {
    data: z.discriminatedUnion('direction', [
      z.object({ direction: z.literal('send') }),
      z.object({ direction: z.literal('recv'), rtpCapabilities }),
    ]),
    result: z.object({
      transportId: objectId,
      iceParameters,
      iceCandidates: z.array(iceCandidate),
      dtlsParameters: z.object({
        role: dtlsRole.optional(),
        fingerprints: z.array(z.object({ algorithm: z.string(), value: z.string() })),
      }),
      /** The server leaf's signature over serverDtlsStatement(); verify it before connecting. */
      binding: z.object({
        workerId: z.string(),
        fingerprint: sha256Fingerprint,
        timeMs: z.number(),
        chain: certificateChain,
        signature,
      }),
    }),
  },
  /** Gives the client's DTLS parameters, bound to its device by a signature over dtlsStatement(). */
  'transport.connect': {
    data: z.object({ transportId: objectId, dtlsParameters: clientDtlsParameters, signature }),
    result: nothing,
  },
  /** Closes a transport with all that goes over it, so that a new one can be made (after a failed handshake). */
  'transport.close': { data: z.object({ transportId: objectId }), result: nothing },
  'transport.restartIce': { data: z.object({ transportId: objectId }), result: z.object({ iceParameters }) },
  'producer.create': {
    data: z
      .object({
        transportId: objectId,
        kind: mediaKind,
        source: mediaSource,
        rtpParameters: rtpSendParameters,
        paused: z.boolean().default(false),
        /** Which of the peer's participants the producer belongs to. Default: the peer's own. */
        participantId: objectId.optional(),
      })
      .refine(({ kind, source }) => (kind === 'audio') === AUDIO_SOURCES.has(source), {
        path: ['source'],
        error: 'does not match kind',
      })
      .refine(({ kind, rtpParameters }) => codecsAreOf(kind, rtpParameters), {
        path: ['rtpParameters', 'codecs'],
        error: 'must match kind',
      }),
    result: z.object({ producerId: objectId }),
  },
  'producer.pause': { data: z.object({ producerId: objectId }), result: nothing },
  'producer.resume': { data: z.object({ producerId: objectId }), result: nothing },
  'producer.close': { data: z.object({ producerId: objectId }), result: nothing },
  /** Subscribes to producers, several at once. Consumers start paused: resume them when the client is ready. */
  'consumer.create': {
    data: z.object({ transportId: objectId, producerIds: z.array(objectId).min(1).max(64) }),
    result: z.object({
      consumers: z.array(consumerInfo),
      /** The producers that could not be subscribed to, and why. */
      failed: z.array(z.object({ producerId: objectId, error: errorBody })),
    }),
  },
  'consumer.resume': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  'consumer.pause': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  'consumer.close': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  /** Sets the highest layers that the client wants of a simulcast or SVC consumer. */
  'consumer.setPreferredLayers': {
    data: z.object({ consumerId: objectId, ...preferredLayers.shape }),
    result: nothing,
  },
  'consumer.requestKeyFrame': { data: z.object({ consumerId: objectId }), result: nothing },
  /** Makes the bridge's pair of plain transports, connected to its one socket. The gateway must be on the server's host. */
  'bridge.open': {
    data: z.object({ ...bridgeEndpoint.shape, rtpCapabilities }),
    result: z.object({ send: plainTransport, recv: plainTransport }),
  },
  /** Brings a phone into the room. */
  'participant.add': {
    data: z.object({ displayName, kind: z.literal('phone'), callState: callState.default('answered') }),
    result: z.object({ participantId: objectId }),
  },
  'participant.update': {
    data: z.object({
      participantId: objectId,
      displayName: displayName.optional(),
      callState: callState.optional(),
    }),
    result: nothing,
  },
  'participant.remove': {
    data: z.object({ participantId: objectId, reason: z.enum(['left', 'kicked', 'lost']).default('left') }),
    result: nothing,
  },
} as const;

export const CONFERENCE_EVENTS = {
  /** All of the peer's media objects are gone; join again at `url` with `ticket`, keeping the tracks. */
  'room.rehome': z.object({
    roomId,
    url: z.string(),
    ticket: z.string(),
    reason: z.enum(['worker-died', 'drain', 'node-died']),
  }),
  /** Every producer in the room is gone, because its media moves. Each peer gets a `room.rehome` besides. */
  'room.mediaLost': logged({}),
  'room.speaker': z.object({ participantId: objectId.nullable() }),
  'participant.joined': logged({ participant }),
  /** Its connection state or name changed. */
  'participant.updated': logged({ participant }),
  'participant.left': logged({
    participantId: objectId,
    reason: z.enum(['left', 'lost', 'kicked', 'closed']),
  }),
  'producer.added': logged({ producer: producerInfo }),
  'producer.paused': logged({ producerId: objectId }),
  'producer.resumed': logged({ producerId: objectId }),
  /** To its sender: whether anybody wants each spatial layer of a picture, lowest first. Unwanted layers need not be sent. */
  'producer.wanted': z.object({ producerId: objectId, spatialLayers: z.array(z.boolean()).max(8) }),
  'producer.closed': logged({ producerId: objectId }),
  /** The server closed a consumer (its producer is gone, or its transport). */
  'consumer.closed': z.object({ consumerId: objectId }),
  /** The layers that the consumer forwards now, at most five times per second; null if none fits. */
  'consumer.layers': z.object({
    consumerId: objectId,
    layers: z.object({ spatialLayer: z.number(), temporalLayer: z.number().optional() }).nullable(),
  }),
  /** What the server gives of pictures that the client shows, those that changed: up to these layers, or null for nothing; and why not more. */
  'room.allocation': z.object({
    tiles: z.array(
      z.object({
        producerId: objectId,
        layers: z.object({ spatialLayer: z.number(), temporalLayer: z.number() }).nullable(),
        reason: roomAllocationReason,
      }),
    ),
  }),
  /** ICE or DTLS of one of the peer's transports changed. On `disconnected` the client restarts ICE. */
  'transport.state': z.object({
    transportId: objectId,
    state: z.enum(['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed']),
  }),
} as const;

type ConferenceRequests = typeof CONFERENCE_REQUESTS;
type ConferenceEvents = typeof CONFERENCE_EVENTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends ConferenceRequests {}
  interface Events extends ConferenceEvents {}
}
