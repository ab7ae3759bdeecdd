/** Codecs and header extensions in RTP parameters and capabilities: bounded and typed (threat case 6). */
import { z } from 'zod';

export const mediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.infer<typeof mediaKind>;

export const payloadType = z.int().min(0).max(127);
/** RFC 8285: 1 to 14 with one-byte headers, up to 255 with two-byte ones. */
export const headerExtensionId = z.int().min(1).max(255);

/** The header extensions that mediasoup passes to its worker. */
export const headerExtensionUri = z.enum([
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

const MAX_PARAMETERS = 32;
const MAX_PARAMETER_NAME = 64;

/**
 * Format parameters. Integers are sent to the worker as 32 bits, and mediasoup accepts no booleans or nulls. `apt` is the payload type that
 * an RTX codec repairs (RFC 4588).
 */
export const codecParameters = z
  .object({ apt: payloadType.exactOptional() })
  .catchall(
    z.union([
      z.string().max(256),
      z.int32(),
      z
        .number()
        .refine((value) => !Number.isInteger(value), 'an integer that exceeds 32 bits')
        .meta({ not: { type: 'integer' } }),
    ]),
  )
  .refine((value) => Object.keys(value).length <= MAX_PARAMETERS, `more than ${MAX_PARAMETERS} parameters`)
  .refine((value) => Object.keys(value).every((name) => name.length <= MAX_PARAMETER_NAME), 'name too long')
  .meta({ maxProperties: MAX_PARAMETERS, propertyNames: { maxLength: MAX_PARAMETER_NAME } });

/** Media types are case-insensitive (RFC 6838 §4.2). */
const mimeType = z.string().regex(/^([Aa][Uu][Dd][Ii][Oo]|[Vv][Ii][Dd][Ee][Oo])\/[A-Za-z0-9-]{1,32}$/);

export const codecDetails = {
  mimeType,
  /** In Hz. */
  clockRate: z.int().min(8000).max(192_000),
  channels: z.int().min(1).max(8).optional(),
  parameters: codecParameters.optional(),
  rtcpFeedback: z
    .array(z.object({ type: z.string().min(1).max(64), parameter: z.string().max(64).optional() }))
    .max(32)
    .optional(),
};
