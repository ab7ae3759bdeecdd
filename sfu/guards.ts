/**
 * What mediasoup and its worker are not trusted with (threat case 6). mediasoup checks types, not sizes and numbers: a `maxBitrate`
 * that is no integer leaves its serializer broken for every later request to that worker, and what the worker makes of absurd layers,
 * identifiers or an empty list of fingerprints is not defined. Signaling validates messages too; these are the last line.
 * Each check returns a copy that holds nothing but what is named here.
 */
import type { DtlsParameters, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import { z } from 'zod';
import { CanopyError, type ErrorCode } from '../base/errors/index.ts';
import type { Layers, MediaKind } from './types.ts';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,16}$/);
const ssrc = z.int().min(1).max(0xffff_ffff);
const payloadType = z.int().min(0).max(127);
const extensionId = z.int().min(1).max(255);
const uri = z.string().min(1).max(256);
const mimeType = z.string().regex(/^(audio|video)\/[A-Za-z0-9-]{1,32}$/i);
const kinds = z.enum(['audio', 'video']);

/** Values of a format parameter. Whole numbers travel to the worker as 32 bits. */
const parameters = z
  .record(
    z.string().max(64),
    z.union([
      z.string().max(256),
      z.number().refine((value) => !Number.isInteger(value) || (value | 0) === value),
    ]),
  )
  .refine((value) => Object.keys(value).length <= 32, 'more than 32 parameters');

const codecDetails = {
  mimeType,
  clockRate: z.int().min(1).max(192_000),
  channels: z.int().min(1).max(8).optional(),
  parameters: parameters.optional(),
  rtcpFeedback: z
    .array(z.object({ type: z.string().min(1).max(64), parameter: z.string().max(64).optional() }))
    .max(32)
    .optional(),
};

const encoding = z.object({
  ssrc: ssrc.optional(),
  rid: token.optional(),
  rtx: z.object({ ssrc }).optional(),
  codecPayloadType: payloadType.optional(),
  dtx: z.boolean().optional(),
  /** webrtc-svc: at most three layers of each kind. */
  scalabilityMode: z
    .string()
    .regex(/^[LS][1-3]T[1-3](h|_KEY|_KEY_SHIFT)?$/)
    .optional(),
  maxBitrate: z.int().min(1).max(1_000_000_000).optional(),
  // Not for the worker: from these it is known how large the pictures are.
  scaleResolutionDownBy: z.number().min(1).max(64).optional(),
  maxFramerate: z.number().min(0).max(240).optional(),
});

function unique(values: ReadonlyArray<string | number | undefined>): boolean {
  const given = values.filter((value) => value !== undefined);
  return new Set(given).size === given.length;
}

function rtpParametersOf(kind: MediaKind) {
  return z.object({
    mid: token.optional(),
    msid: z.string().max(256).optional(),
    codecs: z
      .array(z.object({ ...codecDetails, payloadType }))
      .min(1)
      .max(16)
      .refine(
        (codecs) => codecs.every((codec) => codec.mimeType.toLowerCase().startsWith(kind)),
        'another kind',
      )
      .refine((codecs) => unique(codecs.map((codec) => codec.payloadType)), 'duplicate payload type'),
    headerExtensions: z
      .array(
        z.object({
          uri,
          id: extensionId,
          encrypt: z.boolean().optional(),
          parameters: parameters.optional(),
        }),
      )
      .max(32)
      .refine((extensions) => unique(extensions.map(({ id }) => id)), 'duplicate id')
      .refine((extensions) => unique(extensions.map((extension) => extension.uri)), 'duplicate uri')
      .optional(),
    encodings: z
      .array(encoding)
      .min(1)
      .max(4)
      .refine((all) => unique(all.flatMap((one) => [one.ssrc, one.rtx?.ssrc])), 'duplicate ssrc')
      .refine((all) => unique(all.map(({ rid }) => rid)), 'duplicate rid')
      // The worker takes the layers of the first for those of all.
      .refine(
        (all) => new Set(all.map((one) => one.scalabilityMode)).size === 1,
        'different scalability modes',
      ),
    rtcp: z
      .object({
        cname: z.string().max(255).optional(),
        reducedSize: z.boolean().optional(),
        mux: z.boolean().optional(),
      })
      .optional(),
  });
}

const rtpParameters = { audio: rtpParametersOf('audio'), video: rtpParametersOf('video') };

const rtpCapabilities = z.object({
  codecs: z
    .array(z.object({ ...codecDetails, kind: kinds, preferredPayloadType: payloadType.optional() }))
    .max(64)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: kinds,
        uri,
        preferredId: extensionId,
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(64)
    .optional(),
});

/** The worker looks at the first fingerprint only, and an empty list once ended it. RFC 8122: upper-case hexadecimal pairs. */
const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).default('auto'),
  fingerprints: z.tuple([
    z.object({ algorithm: z.literal('sha-256'), value: z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) }),
  ]),
});

const layers = z.object({
  spatialLayer: z.int().min(0).max(7),
  temporalLayer: z.int().min(0).max(7).optional(),
});

/** @throws CanopyError MEDIA_REJECTED naming what is wrong. */
export function checkRtpParameters(kind: MediaKind, given: unknown): RtpParameters {
  return check(rtpParameters[check(kinds, kind)], given) as RtpParameters;
}

/** @throws CanopyError MEDIA_REJECTED naming what is wrong. */
export function checkRtpCapabilities(given: unknown): RtpCapabilities {
  return check(rtpCapabilities, given) as RtpCapabilities;
}

/** @throws CanopyError FINGERPRINT_INVALID unless there is exactly one, and that sha-256. */
export function checkDtlsParameters(given: unknown): DtlsParameters {
  return check(dtlsParameters, given, 'FINGERPRINT_INVALID');
}

/** @throws CanopyError MEDIA_REJECTED naming what is wrong. */
export function checkLayers(given: unknown): Layers {
  return check(layers, given);
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  code: ErrorCode = 'MEDIA_REJECTED',
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  throw new CanopyError(code, `${issue?.path.join('.')}: ${issue?.message}`);
}
