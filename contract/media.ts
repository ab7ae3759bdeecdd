/**
 * Bounded schemas of mediasoup's media parameters (threat case 6). They are stricter than mediasoup: what passes here is
 * finite, short and typed, so that nothing unvalidated reaches a worker.
 */
import { z } from 'zod';

const short = z.string().min(1).max(64);
const uint32 = z.int().min(0).max(0xffff_ffff);
const ssrc = z.int().min(1).max(0xffff_ffff);
const payloadType = z.int().min(0).max(127);
const bitrateBps = z.int().min(1).max(1_000_000_000);

export const mediaKind = z.enum(['audio', 'video']);

const codecParameters = z
  .record(z.string().max(64), z.union([z.string().max(256), z.number(), z.boolean(), z.null()]))
  .refine((value) => Object.keys(value).length <= 32, 'at most 32 parameters');

const rtcpFeedback = z.array(z.object({ type: short, parameter: z.string().max(64).optional() })).max(16);

const headerExtensionUri = z.enum([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
  'urn:ietf:params:rtp-hdrext:toffset',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'urn:mediasoup:params:rtp-hdrext:packet-id',
]);

const mimeType = z.string().regex(/^(audio|video)\/[A-Za-z0-9-]{1,32}$/);

const codec = z.object({
  mimeType,
  payloadType,
  clockRate: z.int().min(8000).max(192_000),
  channels: z.int().min(1).max(8).optional(),
  parameters: codecParameters.optional(),
  rtcpFeedback: rtcpFeedback.optional(),
});

/** Like `L3T3`, `S2T1`, `L1T2_KEY`: at most 3 spatial and 3 temporal layers (webrtc-svc). */
const scalabilityMode = z.string().regex(/^[LS][1-3]T[1-3](h|_KEY|_KEY_SHIFT)?$/);

const encoding = z.object({
  ssrc: ssrc.optional(),
  rid: z
    .string()
    .regex(/^[A-Za-z0-9]{1,16}$/)
    .optional(),
  codecPayloadType: payloadType.optional(),
  rtx: z.object({ ssrc }).optional(),
  dtx: z.boolean().optional(),
  active: z.boolean().optional(),
  scalabilityMode: scalabilityMode.optional(),
  scaleResolutionDownBy: z.number().min(1).max(64).optional(),
  maxBitrate: bitrateBps.optional(),
  maxFramerate: z.number().min(0).max(240).optional(),
});

function unique(values: Array<string | number | undefined>): boolean {
  const given = values.filter((value) => value !== undefined);
  return new Set(given).size === given.length;
}

/** RTP parameters that a client sends with `producer.create`. */
export const rtpSendParameters = z.object({
  mid: z
    .string()
    .regex(/^[A-Za-z0-9]{1,16}$/)
    .optional(),
  codecs: z
    .array(codec)
    .min(1)
    .max(8)
    .refine((codecs) => unique(codecs.map((c) => c.payloadType)), 'duplicate payload type'),
  headerExtensions: z
    .array(
      z.object({
        uri: headerExtensionUri,
        id: z.int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: codecParameters.optional(),
      }),
    )
    .max(16)
    .refine(
      (extensions) => unique(extensions.map((e) => e.id)) && unique(extensions.map((e) => e.uri)),
      'duplicate header extension',
    )
    .optional(),
  encodings: z
    .array(encoding)
    .min(1)
    .max(4)
    .refine((encodings) => unique(encodings.flatMap((e) => [e.ssrc, e.rtx?.ssrc])), 'duplicate SSRC')
    .refine((encodings) => unique(encodings.map((e) => e.rid)), 'duplicate RID'),
  rtcp: z
    .object({
      cname: z.string().max(255).optional(),
      reducedSize: z.boolean().optional(),
      mux: z.boolean().optional(),
    })
    .optional(),
  msid: z.string().max(128).optional(),
});

/** What a client can receive: `device.recvRtpCapabilities` of mediasoup-client. */
export const rtpCapabilities = z.object({
  codecs: z
    .array(
      z.object({
        kind: mediaKind,
        mimeType,
        preferredPayloadType: payloadType,
        clockRate: z.int().min(8000).max(192_000),
        channels: z.int().min(1).max(8).optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: rtcpFeedback.optional(),
      }),
    )
    .max(64)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: mediaKind,
        uri: headerExtensionUri,
        preferredId: z.int().min(1).max(255),
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(64)
    .optional(),
});

/** `sha-256` fingerprint: 32 upper-case hex pairs joined by colons (RFC 8122). */
export const sha256Fingerprint = z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);

/** A client's DTLS parameters: exactly one fingerprint, and that sha-256. */
export const clientDtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
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

export type MediaKind = z.infer<typeof mediaKind>;
export type RtpSendParameters = z.infer<typeof rtpSendParameters>;
export type RtpCapabilities = z.infer<typeof rtpCapabilities>;
export type ClientDtlsParameters = z.infer<typeof clientDtlsParameters>;
export type IceParameters = z.infer<typeof iceParameters>;
export type IceCandidate = z.infer<typeof iceCandidate>;
