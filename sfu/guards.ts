/**
 * What mediasoup and its worker are not trusted with (threat case 6). mediasoup checks types, not sizes and numbers: a `maxBitrate`
 * that is no integer leaves its serializer broken for every later request of that worker, and what the worker does with absurd layers,
 * identifiers or an empty list of fingerprints is not defined. Signaling validates messages too; these are the last line.
 */
import type { DtlsParameters, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import type { Layers, MediaKind } from './types.ts';

const MAX_NODES = 4000;
const MAX_DEPTH = 8;
const MAX_STRING_LENGTH = 256;
const MAX_CODECS = 64;
const MAX_HEADER_EXTENSIONS = 64;
const MAX_ENCODINGS = 4;
const MAX_SSRC = 0xffff_ffff;
const MAX_BITRATE_BPS = 1_000_000_000;

/** RFC 8122: 32 upper-case hexadecimal pairs. */
const SHA_256 = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;
const SCALABILITY_MODE = /^[LS][1-3]T[1-3](h|_KEY|_KEY_SHIFT)?$/;
const TOKEN = /^[A-Za-z0-9_-]{1,16}$/;

type Plain = Record<string, unknown>;

/** Exactly one sha-256 fingerprint: the worker looks at the first only, and dies without any. @throws CanopyError FINGERPRINT_INVALID. */
export function checkDtlsParameters(given: unknown): DtlsParameters {
  const fingerprints = isPlain(given) && given.fingerprints;
  const [fingerprint, ...others] = Array.isArray(fingerprints) ? fingerprints : [];
  if (
    !isPlain(given) ||
    !isPlain(fingerprint) ||
    others.length > 0 ||
    fingerprint.algorithm !== 'sha-256' ||
    typeof fingerprint.value !== 'string' ||
    !SHA_256.test(fingerprint.value)
  ) {
    throw new CanopyError('FINGERPRINT_INVALID');
  }
  const { role = 'auto' } = given;
  if (role !== 'auto' && role !== 'client' && role !== 'server') reject('dtlsParameters.role');
  return { role, fingerprints: [{ algorithm: 'sha-256', value: fingerprint.value }] };
}

/** @throws CanopyError MEDIA_REJECTED with the name of what is wrong. */
export function checkRtpParameters(kind: MediaKind, given: unknown): RtpParameters {
  if (kind !== 'audio' && kind !== 'video') reject('kind');
  const parameters = checkPlain(given, 'rtpParameters');
  const { mid, codecs, headerExtensions, encodings, rtcp } = parameters;
  if (mid !== undefined) token(mid, 'mid');
  const payloadTypes = checkCodecs(kind, codecs);
  checkHeaderExtensions(headerExtensions, 'id');
  checkEncodings(encodings, payloadTypes);
  if (rtcp !== undefined) plain(rtcp, 'rtcp');
  return structuredClone(parameters) as unknown as RtpParameters;
}

/** @throws CanopyError MEDIA_REJECTED with the name of what is wrong. */
export function checkRtpCapabilities(given: unknown): RtpCapabilities {
  const capabilities = checkPlain(given, 'rtpCapabilities');
  const { codecs = [], headerExtensions } = capabilities;
  for (const codec of list(codecs, 'codecs', MAX_CODECS)) {
    const { preferredPayloadType, clockRate } = plain(codec, 'codecs');
    if (preferredPayloadType !== undefined) integer(preferredPayloadType, 'preferredPayloadType', 0, 127);
    integer(clockRate, 'clockRate', 1, 192_000);
    checkCodecDetails(codec as Plain);
  }
  checkHeaderExtensions(headerExtensions, 'preferredId');
  return structuredClone(capabilities) as unknown as RtpCapabilities;
}

/** @throws CanopyError MEDIA_REJECTED. */
export function checkLayers(given: Layers): Layers {
  const { spatialLayer, temporalLayer } = plain(given, 'layers');
  return {
    spatialLayer: integer(spatialLayer, 'spatialLayer', 0, 7),
    ...(temporalLayer !== undefined && { temporalLayer: integer(temporalLayer, 'temporalLayer', 0, 7) }),
  };
}

function checkCodecs(kind: MediaKind, given: unknown): Set<number> {
  const payloadTypes = new Set<number>();
  const codecs = list(given, 'codecs', MAX_CODECS).map((codec) => plain(codec, 'codecs'));
  if (codecs.length === 0) reject('codecs');
  for (const codec of codecs) {
    const payloadType = integer(codec.payloadType, 'payloadType', 0, 127);
    if (payloadTypes.has(payloadType)) reject('duplicate payloadType');
    payloadTypes.add(payloadType);
    integer(codec.clockRate, 'clockRate', 1, 192_000);
    if (typeof codec.mimeType !== 'string' || !codec.mimeType.toLowerCase().startsWith(`${kind}/`)) {
      reject('mimeType');
    }
    checkCodecDetails(codec);
  }
  if (/\/rtx$/i.test(String(codecs[0]?.mimeType))) reject('the first codec is RTX');
  return payloadTypes;
}

function checkCodecDetails(codec: Plain): void {
  if (codec.channels !== undefined) integer(codec.channels, 'channels', 1, 8);
  if (codec.parameters !== undefined) {
    for (const value of Object.values(plain(codec.parameters, 'parameters'))) scalar(value, 'parameters');
  }
  for (const feedback of list(codec.rtcpFeedback ?? [], 'rtcpFeedback', 32)) plain(feedback, 'rtcpFeedback');
}

function checkHeaderExtensions(given: unknown, idName: 'id' | 'preferredId'): void {
  if (given === undefined) return;
  const ids = new Set<string>();
  for (const item of list(given, 'headerExtensions', MAX_HEADER_EXTENSIONS)) {
    const extension = plain(item, 'headerExtensions');
    const id = integer(extension[idName], `headerExtensions.${idName}`, 1, 255);
    // Capabilities have one entry for each kind.
    const key = `${id} ${String(extension.kind)}`;
    if (ids.has(key)) reject(`duplicate headerExtensions.${idName}`);
    ids.add(key);
    if (extension.parameters !== undefined) {
      for (const value of Object.values(plain(extension.parameters, 'parameters')))
        scalar(value, 'parameters');
    }
  }
}

function checkEncodings(given: unknown, payloadTypes: ReadonlySet<number>): void {
  const ssrcs = new Set<unknown>();
  const rids = new Set<unknown>();
  const encodings = list(given, 'encodings', MAX_ENCODINGS).map((encoding) => plain(encoding, 'encodings'));
  if (encodings.length === 0) reject('encodings');
  for (const { ssrc, rtx, rid, codecPayloadType, scalabilityMode, maxBitrate } of encodings) {
    if (ssrc !== undefined) unique(ssrcs, integer(ssrc, 'ssrc', 1, MAX_SSRC), 'ssrc');
    if (rtx !== undefined) unique(ssrcs, integer(plain(rtx, 'rtx').ssrc, 'rtx.ssrc', 1, MAX_SSRC), 'ssrc');
    if (rid !== undefined) unique(rids, token(rid, 'rid'), 'rid');
    if (codecPayloadType !== undefined && !payloadTypes.has(codecPayloadType as number))
      reject('codecPayloadType');
    if (maxBitrate !== undefined) integer(maxBitrate, 'maxBitrate', 1, MAX_BITRATE_BPS);
    if (scalabilityMode !== undefined) {
      if (typeof scalabilityMode !== 'string' || !SCALABILITY_MODE.test(scalabilityMode))
        reject('scalabilityMode');
    }
  }
}

/** JSON of bounded size and depth, its numbers finite. */
function checkPlain(given: unknown, name: string): Plain {
  let nodes = 0;
  const walk = (value: unknown, depth: number): void => {
    nodes += 1;
    if (nodes > MAX_NODES || depth > MAX_DEPTH) reject(`${name} is too large`);
    if (typeof value === 'number' && !Number.isFinite(value))
      reject(`${name} has a number that is not finite`);
    if (typeof value === 'string' && value.length > MAX_STRING_LENGTH)
      reject(`${name} has a string that is too long`);
    if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') reject(name);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key.length > MAX_STRING_LENGTH) reject(`${name} has a key that is too long`);
      walk(inner, depth + 1);
    }
  };
  walk(given, 0);
  return plain(given, name);
}

function plain(value: unknown, name: string): Plain {
  if (!isPlain(value)) reject(name);
  return value;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown, name: string, most: number): unknown[] {
  if (!Array.isArray(value)) reject(name);
  if (value.length > most) reject(`more than ${most} ${name}`);
  return value;
}

function integer(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) reject(name);
  return value;
}

function token(value: unknown, name: string): string {
  if (typeof value !== 'string' || !TOKEN.test(value)) reject(name);
  return value;
}

function scalar(value: unknown, name: string): void {
  if (typeof value !== 'string' && typeof value !== 'number' && value !== undefined) reject(name);
}

function unique(seen: Set<unknown>, value: unknown, name: string): void {
  if (seen.has(value)) reject(`duplicate ${name}`);
  seen.add(value);
}

function reject(what: string): never {
  throw new CanopyError('MEDIA_REJECTED', what);
}
