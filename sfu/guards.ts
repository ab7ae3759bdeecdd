/**
 * What mediasoup and its worker are not trusted with (threat case 6). mediasoup checks types, not sizes and numbers: a `maxBitrate`
 * that is no integer leaves its serializer broken for every later request to that worker, and what the worker makes of absurd layers,
 * identifiers or an empty list of fingerprints is not defined. Signaling checks messages with the same schemas; these are the last line.
 * Each check returns a copy that holds nothing but what the schema names.
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

/** @throws {CanopyError} MEDIA_REJECTED - naming what is wrong */
export function checkRtpParameters(kind: MediaKind, given: unknown): RtpParameters {
  const checkedKind = check(mediaKind, kind);
  const parameters = check(rtpSendParameters, given);
  if (!codecsAreOf(checkedKind, parameters)) {
    throw new CanopyError('MEDIA_REJECTED', 'codecs: another kind');
  }
  return parameters as RtpParameters;
}

/** @throws {CanopyError} MEDIA_REJECTED - naming what is wrong */
export function checkRtpCapabilities(given: unknown): RtpCapabilities {
  return check(rtpCapabilities, given) as RtpCapabilities;
}

/** @throws {CanopyError} FINGERPRINT_INVALID - unless there is exactly one, and that sha-256 */
export function checkDtlsParameters(given: unknown): DtlsParameters {
  return { role: 'auto', ...check(clientDtlsParameters, given, 'FINGERPRINT_INVALID') };
}

/** @throws {CanopyError} MEDIA_REJECTED - naming what is wrong */
export function checkLayers(given: unknown): Layers {
  return check(preferredLayers, given);
}

/** @throws {CanopyError} MEDIA_REJECTED - naming what is wrong */
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
