/**
 * Checks on everything that clients send to mediasoup (threat case 6). mediasoup checks types but not sizes and numbers: a `maxBitrate`
 * that is not an integer breaks its serializer for every later request to that worker, and the effect of absurd layers, identifiers or an
 * empty list of fingerprints on the worker is undefined. Signaling checks messages with the same schemas; this is the last line of defence.
 * Each check returns a copy that contains only what the schema names.
 */
import type { DtlsParameters, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import type { z } from 'zod';
import { CanopyError, type ErrorCode } from '../base/errors/index.ts';
import {
  bridgeEndpoint,
  clientDtlsParameters,
  codecsAreOf,
  mediaKind,
  preferredLayers,
  rtpCapabilities,
  rtpSendParameters,
} from '../contract/index.ts';
import type { Endpoint, Layers, MediaKind } from './types.ts';

/** @throws {CanopyError} MEDIA_REJECTED - naming the invalid field */
export function checkRtpParameters(kind: MediaKind, given: unknown): RtpParameters {
  const checkedKind = check(mediaKind, kind);
  const parameters = check(rtpSendParameters, given);
  if (!codecsAreOf(checkedKind, parameters)) {
    throw new CanopyError('MEDIA_REJECTED', 'codecs: of another kind');
  }
  return parameters as RtpParameters;
}

/** @throws {CanopyError} MEDIA_REJECTED - naming the invalid field */
export function checkRtpCapabilities(given: unknown): RtpCapabilities {
  return check(rtpCapabilities, given) as RtpCapabilities;
}

/** @throws {CanopyError} FINGERPRINT_INVALID - unless there is exactly one fingerprint, and it is sha-256 */
export function checkDtlsParameters(given: unknown): DtlsParameters {
  return { role: 'auto', ...check(clientDtlsParameters, given, 'FINGERPRINT_INVALID') };
}

/** @throws {CanopyError} MEDIA_REJECTED - naming the invalid field */
export function checkLayers(given: unknown): Layers {
  return check(preferredLayers, given);
}

/** @throws {CanopyError} MEDIA_REJECTED - naming the invalid field */
export function checkEndpoint(given: unknown): Endpoint {
  return check(bridgeEndpoint, given);
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  code: ErrorCode = 'MEDIA_REJECTED',
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(given);
  if (success) {
    return data;
  }
  const [issue] = error.issues;
  throw new CanopyError(code, `${issue?.path.join('.')}: ${issue?.message}`);
}
