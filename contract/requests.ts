/**
 * Every request of the socket protocol: what the client sends (`data`) and what the acknowledgement carries (`result`).
 * A request is the socket.io event of its name with `{id, data}` and an acknowledgement callback, which receives
 * `{ok: true, result}` or `{ok: false, error}`.
 */
import { z } from 'zod';
import {
  base64url,
  certificateChain,
  displayName,
  errorBody,
  invitationTtlSeconds,
  objectId,
  participant,
  requestId,
  role,
  roomId,
  sha256Hex,
} from './common.ts';
import {
  bridgeEndpoint,
  clientDtlsParameters,
  iceCandidate,
  iceParameters,
  preferredLayers,
  rtpCapabilities,
  sha256Fingerprint,
} from './media.ts';
import { mediaKind } from './rtp-codecs.ts';
import { codecsAreOf, rtpSendParameters } from './rtp-send-parameters.ts';
import { callRecord, dialTarget, sipTrunk, telephonyConfig, trunkRegistration } from './telephony.ts';
import { PROTOCOL_VERSION } from './version.ts';

/** Where a producer's media comes from. */
export const mediaSource = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);
export type MediaSource = z.infer<typeof mediaSource>;
const AUDIO_SOURCES: ReadonlySet<MediaSource> = new Set(['microphone', 'screen-audio']);

export const producerInfo = z.object({
  producerId: objectId,
  participantId: objectId,
  kind: mediaKind,
  source: mediaSource,
  paused: z.boolean(),
});
export type ProducerInfo = z.infer<typeof producerInfo>;

const signature = base64url.max(1024);
const nothing = z.object({});
const callState = z.enum(['dialing', 'ringing', 'answered', 'held']);
const plainTransport = z.object({ transportId: objectId, address: z.string(), port: z.int() });

/** RTP parameters and capabilities that the server made: passed to mediasoup-client as they are. */
const fromMediasoup = z.record(z.string(), z.unknown());

const consumerInfo = z.object({
  consumerId: objectId,
  producerId: objectId,
  kind: mediaKind,
  rtpParameters: fromMediasoup,
  type: z.enum(['simple', 'simulcast', 'svc', 'pipe']),
  producerPaused: z.boolean(),
});
export type ConsumerInfo = z.infer<typeof consumerInfo>;

export const REQUESTS = {
  /** Proves possession of a device certificate; the first request on every connection. */
  'auth.prove': {
    data: z.object({
      protocolVersion: z.literal(PROTOCOL_VERSION),
      /** Device certificate, account certificate and further issuers; leaf first. */
      chain: certificateChain,
      /** The web origin that the client dialled. */
      origin: z.string().min(1).max(300),
      nonce: base64url.max(64),
      timeMs: z.int().min(0),
      /** Over authStatement(). */
      signature,
    }),
    result: z.object({
      accountId: sha256Hex,
      /** SHA-1 of the account's SPKI, 40 hex digits, as Jami shows accounts. */
      accountAlias: z.string(),
      deviceId: sha256Hex,
      displayName,
      role,
      serverTimeMs: z.number(),
    }),
  },
  /** A heartbeat from the server, for a client that suspects its connection is dead. */
  'session.ping': { data: nothing, result: nothing },
  /** Adds what an invitation grants to the identity that is signed in. */
  'invite.redeem': {
    data: z.object({ secret: base64url.max(64) }),
    result: z.object({ role, roomId: roomId.optional() }),
  },
  /** Makes a one-time invitation. Members invite guests to a room; admins anybody. */
  'invite.create': {
    data: z.object({
      role: role.default('guest'),
      roomId: roomId.optional(),
      displayName: displayName.optional(),
      ttlSeconds: invitationTtlSeconds,
    }),
    result: z.object({ secret: z.string(), url: z.string(), expiresAtMs: z.number() }),
  },
  /**
   * Enters a room, comes back to it (`resume`, after a lost socket) or follows a `room.rehome` (`ticket`). When `resumed` is true,
   * transports, producers and consumers of the peer are as they were; else it has none.
   */
  'room.join': {
    data: z.object({
      roomId,
      displayName: displayName.optional(),
      resume: z.object({ peerId: objectId }).optional(),
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
        role: z.enum(['auto', 'client', 'server']).optional(),
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
        error: 'is of the other kind',
      })
      .refine(({ kind, rtpParameters }) => codecsAreOf(kind, rtpParameters), {
        path: ['rtpParameters', 'codecs'],
        error: 'another kind',
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
  /** Silences somebody's microphone, or lets a phone speak again. A person may always unmute themselves. Not for guests. */
  'participant.mute': { data: z.object({ participantId: objectId, muted: z.boolean() }), result: nothing },
  /**
   * Removes somebody from the room; for a phone, this ends its call. A person's account is barred from the room for five minutes. For
   * admins and members; only admins can remove admins.
   */
  'participant.kick': { data: z.object({ participantId: objectId }), result: nothing },
  /** Lets a removed account join the room again. For admins and members. */
  'participant.readmit': { data: z.object({ accountId: sha256Hex }), result: nothing },
  /** Calls a number or SIP address into the room, by the gateway; its participant appears while it rings. Not for guests. */
  'call.dial': {
    data: z.object({ target: dialTarget, displayName: displayName.optional() }),
    result: z.object({ callId: objectId }),
  },

  // For the phone gateway of the data folder, role `bridge`
  /** Registers this connection, which is in no room, as the one that places calls. */
  'gateway.register': {
    data: z.object({
      /** The calls that it has: others that the history shows as going on have ended. */
      callIds: z.array(objectId).max(10_000).default([]),
    }),
    result: telephonyConfig,
  },
  /** Notes the state of a call in the history, at its start, answer and end. */
  'gateway.record': { data: callRecord, result: nothing },
  /** A requested call failed; its requester is notified. */
  'gateway.dialFailed': { data: z.object({ callId: objectId, error: errorBody }), result: nothing },
  /** Reports the state of each registered trunk after every change: all of them, or the first 500. */
  'gateway.trunks': {
    data: z.object({
      registrations: z.array(trunkRegistration.extend({ trunk: sipTrunk.shape.name })).max(500),
    }),
    result: nothing,
  },
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

export type RequestName = keyof typeof REQUESTS;
/** What a client may write as `data` (fields with defaults may be left out). */
export type RequestInput<N extends RequestName> = z.input<(typeof REQUESTS)[N]['data']>;
/** What a handler gets: validated, defaults filled in. */
export type RequestData<N extends RequestName> = z.output<(typeof REQUESTS)[N]['data']>;
export type RequestResult<N extends RequestName> = z.input<(typeof REQUESTS)[N]['result']>;

/** The frame around every request. */
export const requestEnvelope = z.object({ id: requestId, data: z.unknown() });
export type RequestEnvelope = z.infer<typeof requestEnvelope>;

export type Answer<R> = { ok: true; result: R } | { ok: false; error: z.infer<typeof errorBody> };
