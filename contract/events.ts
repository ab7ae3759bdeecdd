/** Every message the server sends unprompted, as a socket.io event with one argument. */
import { z } from 'zod';
import { base64url, objectId, participant, roomId } from './common.ts';
import { producerInfo } from './requests.ts';
import { telephonyConfig } from './telephony.ts';

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

export const EVENTS = {
  /** First message on every connection; answer with auth.prove. The nonce is single-use. */
  'auth.challenge': z.object({ nonce: base64url, serverTimeMs: z.number() }),
  /** This connection is over for the reason given; the socket closes. */
  'session.ended': z.object({
    error: z.object({ code: z.string(), message: z.string(), detail: z.string().optional() }),
  }),
  /** The server is draining: finish, or be cut off when the time is over. */
  'server.closing': z.object({ retryAfterSeconds: z.number() }),
  /** All of the peer's media objects are gone; join again at `url` with `ticket`, keeping the tracks. */
  'room.rehome': z.object({
    roomId,
    url: z.string(),
    ticket: z.string(),
    reason: z.enum(['worker-died', 'drain', 'node-died']),
  }),
  'room.speaker': z.object({ participantId: objectId.nullable() }),
  'participant.joined': z.object({ participant }),
  /** Its connection state or name changed. */
  'participant.updated': z.object({ participant }),
  'participant.left': z.object({
    participantId: objectId,
    reason: z.enum(['left', 'lost', 'kicked', 'closed']),
  }),
  'producer.added': z.object({ producer: producerInfo }),
  'producer.paused': z.object({ producerId: objectId }),
  'producer.resumed': z.object({ producerId: objectId }),
  /** To its sender: whether anybody wants each spatial layer of a picture, lowest first. Unwanted layers need not be sent. */
  'producer.wanted': z.object({ producerId: objectId, spatialLayers: z.array(z.boolean()).max(8) }),
  'producer.closed': z.object({ producerId: objectId }),
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
  /** A moderator acts on a participant that this peer hosts: comply, and inform the room by the usual requests. */
  'participant.action': z.object({
    participantId: objectId,
    action: z.enum(['mute', 'unmute', 'kick']),
    by: objectId.nullable(),
  }),
  /** A call that this peer asked for did not come about. */
  'call.failed': z.object({
    callId: objectId,
    error: z.object({ code: z.string(), message: z.string(), detail: z.string().optional() }),
  }),
  /** To the gateway: place this call into that room. `caller`: the name of the person calling, shown to the callee. */
  'gateway.dial': z.object({
    callId: objectId,
    roomId,
    target: z.string(),
    displayName: z.string(),
    caller: z.string().optional(),
  }),
  /** To the gateway: hang this call up. */
  'gateway.hangUp': z.object({ callId: objectId }),
  /** To the gateway: the settings have changed. */
  'gateway.config': telephonyConfig,
} as const;

export type EventName = keyof typeof EVENTS;
export type EventData<N extends EventName> = z.output<(typeof EVENTS)[N]>;
