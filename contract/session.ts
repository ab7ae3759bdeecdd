/** The messages of every connection, whatever its features: authentication, heartbeat, and its end. */
import { z } from 'zod';
import {
  base64url,
  certificateChain,
  displayName,
  errorBody,
  nothing,
  requestId,
  role,
  sha256Hex,
  signature,
} from './common.ts';
import { fromMediasoup } from './producers.ts';
import { PROTOCOL_VERSION } from './version.ts';
import type { Answer } from './wire.ts';

export const SESSION_REQUESTS = {
  /** Proves possession of a device certificate; the first request on every connection. */
  'auth.prove': {
    data: z.object({
      protocolVersion: z.literal(PROTOCOL_VERSION),
      /** Device certificate, account certificate and further issuers; leaf first. */
      chain: certificateChain,
      /** The web origin that the client connected to. */
      origin: z.string().min(1).max(300),
      nonce: base64url.max(64),
      timeMs: z.int().min(0),
      /** Signature of authStatement(). */
      signature,
    }),
    result: z.object({
      accountId: sha256Hex,
      /** SHA-1 of the account's SPKI, 40 hex digits, as Jami displays accounts. */
      accountAlias: z.string(),
      deviceId: sha256Hex,
      displayName,
      role,
      serverTimeMs: z.number(),
      /** The origin for links that the account gives to others; absent from older servers. It differs from the client's if that is localhost. */
      linkOrigin: z.string().optional(),
      /** What rooms support, as in the answer of `room.join`, so that a client can prepare; absent from older servers. */
      routerRtpCapabilities: fromMediasoup.optional(),
    }),
  },
  /** Requests a sign of life from the server, for a client that suspects its connection is dead. */
  'session.ping': { data: nothing, result: nothing },
} as const;

export const SESSION_EVENTS = {
  /** First message on every connection; answer with auth.prove. The nonce is single-use, and is also the `sid` of engine.io's handshake. */
  'auth.challenge': z.object({ nonce: base64url, serverTimeMs: z.number() }),
  /** The answer to a request that came with the CONNECT packet. */
  'session.answer': z.object({ id: requestId, answer: z.custom<Answer<unknown>>() }),
  /** The connection has ended for the given reason; the server closes the socket. */
  'session.ended': z.object({ error: errorBody }),
  /** The server is draining: leave within this time, or be disconnected. */
  'server.closing': z.object({ retryAfterSeconds: z.number() }),
} as const;

type SessionRequests = typeof SESSION_REQUESTS;
type SessionEvents = typeof SESSION_EVENTS;
declare module './wire.ts' {
  interface Requests extends SessionRequests {}
  interface Events extends SessionEvents {}
}
