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
  createdTransport,
  displayName,
  errorBody,
  fromMediasoup,
  iceParameters,
  iceServer,
  logEntry,
  logged,
  logPosition,
  mediaKind,
  mediaSource,
  nothing,
  objectId,
  participant,
  participantAttributes,
  preferredLayers,
  producerInfo,
  roomId,
  rtpCapabilities,
  rtpSendParameters,
  type SnapshotData,
  signature,
} from '../../../contract/index.ts';
import { roomAllocationReason } from './allocation-reason.ts';
import type { roomAllocation } from './allocation-rest.ts';

const plainTransport = z.object({ transportId: objectId, address: z.string(), port: z.int() });

/** Codecs of phones that browsers may play. */
const phoneCodec = z.enum(['G722', 'PCMU', 'PCMA']);

export const CONFERENCE_REQUESTS = {
  /**
   * Enters a room, returns to it after a lost socket (`resume`), or follows a `room.rehome` (`ticket`). If `resumed` is true, the peer's
   * transports, producers and consumers are as they were; otherwise it has none.
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
      /** The room's PIN, if it asks for one. */
      pin: z.string().max(12).optional(),
      /** The client can encrypt media end to end. Without it, an encrypted room is refused with ENCRYPTION_REQUIRED. */
      encrypts: z.boolean().optional(),
      /**
       * Creates both transports, and consumers of what others send at the moment: their `audio`, or `all`, up to 64. Ignored if the peer
       * returns to its media.
       */
      media: z.object({ rtpCapabilities, consume: z.enum(['audio', 'all']) }).optional(),
    }),
    result: z.object({
      peerId: objectId,
      /** The peer's own participant; absent for a bridge, which hosts only others. */
      participantId: objectId.optional(),
      resumed: z.boolean(),
      routerRtpCapabilities: fromMediasoup,
      iceServers: z.array(iceServer),
      participants: z.array(participant),
      /** Other participants' producers. */
      producers: z.array(producerInfo),
      /** The dominant speaker, or null. */
      speaker: objectId.nullable(),
      /** The features' state of the room, by name. */
      parts: z.custom<SnapshotData>(),
      /**
       * Position of the room log; everything else here is the state after this entry. `entries`: the entries after `resume.since`, in order;
       * absent if not requested or no longer in the log.
       */
      log: logPosition.extend({ entries: z.array(logEntry).optional() }),
      /** When resumed: the peer's objects that still exist. Others must be recreated or dropped. */
      own: z.object({
        transportIds: z.array(objectId),
        producerIds: z.array(objectId),
        consumerIds: z.array(objectId),
      }),
      /** What `media` asked for. Absent if it could not be created: ask for each then, to learn why. */
      media: z
        .object({ send: createdTransport, recv: createdTransport, consumers: z.array(consumerInfo) })
        .optional(),
    }),
  },
  'room.leave': { data: nothing, result: nothing },
  /**
   * All video tiles that the client shows; video that is not listed is not forwarded. Send it again after every change. Until the first one,
   * the server assumes that all videos are shown at the same size.
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
            /** Pinned by the viewer. */
            pinned: z.boolean().default(false),
          }),
        )
        .max(256),
      /** Maximum bitrate that the client wants to receive, including audio, in bits per second. The server's own limits still apply. */
      maxBitrateBps: z.int().min(50_000).max(1_000_000_000).optional(),
    }),
    result: nothing,
  },
  /** Creates the peer's transport for one direction. */
  'transport.create': {
    data: z.discriminatedUnion('direction', [
      z.object({ direction: z.literal('send') }),
      z.object({ direction: z.literal('recv'), rtpCapabilities }),
    ]),
    result: createdTransport,
  },
  /** Passes the client's DTLS parameters, bound to its device by a signature over dtlsStatement(). */
  'transport.connect': {
    data: z.object({ transportId: objectId, dtlsParameters: clientDtlsParameters, signature }),
    result: nothing,
  },
  /** Closes a transport with its producers and consumers, so that a new one can be created, e.g. after a failed handshake. */
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
  /** Subscribes to one or more producers. Consumers start paused: resume them when the client is ready. */
  'consumer.create': {
    data: z.object({ transportId: objectId, producerIds: z.array(objectId).min(1).max(64) }),
    result: z.object({
      consumers: z.array(consumerInfo),
      /** Producers that could not be consumed, and why. */
      failed: z.array(z.object({ producerId: objectId, error: errorBody })),
    }),
  },
  'consumer.resume': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  'consumer.pause': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  'consumer.close': { data: z.object({ consumerIds: z.array(objectId).min(1).max(64) }), result: nothing },
  /** Sets the highest layers that the client wants from a simulcast or SVC consumer. */
  'consumer.setPreferredLayers': {
    data: z.object({ consumerId: objectId, ...preferredLayers.shape }),
    result: nothing,
  },
  'consumer.requestKeyFrame': { data: z.object({ consumerId: objectId }), result: nothing },
  /** Creates the bridge's pair of plain transports, connected to its UDP socket. The bridge must run on the server's host. */
  'bridge.open': {
    data: z.object({ ...bridgeEndpoint.shape, rtpCapabilities }),
    result: z.object({ send: plainTransport, recv: plainTransport }),
  },
  /** Adds a phone to the room. */
  'participant.add': {
    data: z.object({
      displayName,
      kind: z.literal('phone'),
      callState: callState.default('answered'),
      callEncrypted: z.boolean().optional(),
      /** The certificates that the phone has presented on its TLS connection; null: none. Only the server's own gateway may say so. */
      deviceChain: certificateChain.nullable().optional(),
      attributes: participantAttributes.optional(),
      /** Whether the caller was asked for a PIN of the room and knew it. */
      pinGiven: z.boolean().default(false),
      /** Whether that was the PIN of moderators, whose rights the phone gets then. Only the server's own gateway may say so. */
      isModerator: z.boolean().default(false),
      /** The participant that this phone was in another room of the meeting: it comes because of `breakout.movePhone`. */
      movedFrom: objectId.optional(),
    }),
    result: z.object({ participantId: objectId }),
  },
  'participant.update': {
    data: z.object({
      participantId: objectId,
      displayName: displayName.optional(),
      callState: callState.optional(),
      callEncrypted: z.boolean().optional(),
      /** As in `participant.add`. */
      deviceChain: certificateChain.nullable().optional(),
    }),
    result: nothing,
  },
  'participant.remove': {
    data: z.object({ participantId: objectId, reason: z.enum(['left', 'kicked', 'lost']).default('left') }),
    result: nothing,
  },
} as const;

export const CONFERENCE_EVENTS = {
  /** All media objects of the peer are gone. Rejoin at `url` with `ticket`, keeping the tracks. */
  'room.rehome': z.object({
    roomId,
    url: z.string(),
    ticket: z.string(),
    reason: z.enum(['worker-died', 'drain', 'node-died']),
  }),
  /** All producers in the room are gone, because its media moves. Each peer also gets a `room.rehome`. */
  'room.mediaLost': logged({}),
  'room.speaker': z.object({ participantId: objectId.nullable() }),
  'participant.joined': logged({ participant }),
  /** A participant's connection state, name, role or call state changed. */
  'participant.updated': logged({ participant }),
  'participant.left': logged({
    participantId: objectId,
    reason: z.enum(['left', 'lost', 'kicked', 'closed']),
  }),
  'producer.added': logged({ producer: producerInfo }),
  'producer.paused': logged({ producerId: objectId }),
  'producer.resumed': logged({ producerId: objectId }),
  /** To the sender: whether each spatial layer of a producer is wanted, lowest first. Unwanted layers need not be sent. */
  'producer.wanted': z.object({ producerId: objectId, spatialLayers: z.array(z.boolean()).max(8) }),
  'producer.closed': logged({ producerId: objectId }),
  /** The server closed a consumer (its producer is gone, or its transport). */
  'consumer.closed': z.object({ consumerId: objectId }),
  /** The layers that a consumer currently forwards; null if none fits. Sent at most five times per second. */
  'consumer.layers': z.object({
    consumerId: objectId,
    layers: z.object({ spatialLayer: z.number(), temporalLayer: z.number().optional() }).nullable(),
  }),
  /** Changed allocations of the client's tiles: the highest layers that are forwarded, or null for none, and why not more. */
  'room.allocation': z.object({
    tiles: z.array(
      z.object({
        producerId: objectId,
        layers: z.object({ spatialLayer: z.number(), temporalLayer: z.number() }).nullable(),
        reason: roomAllocationReason,
      }),
    ),
  }),
  /** To a bridge: the codecs of phones that everybody else in the room can play now, so that it need not convert them to Opus. */
  'room.playable': z.object({ codecs: z.array(phoneCodec) }),
  /** The ICE or DTLS state of one of the peer's transports changed. On `disconnected`, the client restarts ICE. */
  'transport.state': z.object({
    transportId: objectId,
    state: z.enum(['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed']),
  }),
} as const;

export const CONFERENCE_SNAPSHOT = {
  /** As in `room.playable`. Empty for everyone but bridges. */
  playable: z.array(phoneCodec),
} as const;

type ConferenceRequests = typeof CONFERENCE_REQUESTS;
type ConferenceEvents = typeof CONFERENCE_EVENTS;
type ConferenceSnapshot = typeof CONFERENCE_SNAPSHOT;
declare module '../../../contract/wire.ts' {
  interface Requests extends ConferenceRequests {}
  interface Events extends ConferenceEvents {}
  interface SnapshotParts extends ConferenceSnapshot {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/rooms/:roomId/allocation': typeof roomAllocation;
  }
}
