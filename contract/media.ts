/** Media parameters of the protocol, in addition to rtp-send-parameters.ts. The media plane validates with the same schemas. */
import { z } from 'zod';
import { certificateChain, objectId, signature } from './common.ts';
import { codecDetails, headerExtensionId, headerExtensionUri, mediaKind, payloadType } from './rtp-codecs.ts';

const uint32 = z.int().min(0).max(0xffff_ffff);

/** What a client can receive: `device.recvRtpCapabilities` of mediasoup-client, which contains only what the server supports too. */
export const rtpCapabilities = z.object({
  codecs: z
    .array(z.object({ ...codecDetails, kind: mediaKind, preferredPayloadType: payloadType }))
    .max(64)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: mediaKind,
        uri: headerExtensionUri,
        preferredId: headerExtensionId,
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(64)
    .optional(),
});

/** `sha-256` fingerprint: 32 upper-case hex pairs joined by colons (RFC 8122). */
export const sha256Fingerprint = z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);

export const dtlsRole = z.enum(['auto', 'client', 'server']);

/**
 * A client's DTLS parameters: exactly one fingerprint, sha-256. The worker looks at the first one only, and an empty list used to crash it.
 */
export const clientDtlsParameters = z.object({
  role: dtlsRole.optional(),
  fingerprints: z.tuple([z.object({ algorithm: z.literal('sha-256'), value: sha256Fingerprint })]),
});

export const iceParameters = z.object({
  usernameFragment: z.string().max(256),
  password: z.string().max(256),
  iceLite: z.boolean().optional(),
});

export const iceCandidate = z.object({
  foundation: z.string().max(64),
  priority: uint32,
  /** IP address or host name. */
  address: z.string().max(255),
  ip: z.string().max(255),
  protocol: z.enum(['udp', 'tcp']),
  port: z.int().min(0).max(65_535),
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  tcpType: z.enum(['active', 'passive', 'so']).optional(),
});

export const iceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});

/** A new transport, as a client needs it. */
export const createdTransport = z.object({
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
});

/** The one UDP socket of a bridge. */
export const bridgeEndpoint = z.object({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(1).max(65_535),
});

/** The highest layers that a receiver wants from a simulcast or SVC consumer. */
export const preferredLayers = z.object({
  spatialLayer: z.int().min(0).max(7),
  temporalLayer: z.int().min(0).max(7).optional(),
});

export type RtpCapabilities = z.infer<typeof rtpCapabilities>;
export type ClientDtlsParameters = z.infer<typeof clientDtlsParameters>;
export type IceParameters = z.infer<typeof iceParameters>;
export type IceCandidate = z.infer<typeof iceCandidate>;
