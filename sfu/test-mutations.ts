/** Malformed media parameters, for tests of the media plane. Internal to sfu/. */
import fc from 'fast-check';
import { simulcastParameters } from './test-support.ts';

/** Values that have crashed media servers. */
export const nasty = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0,
    1.5,
    2 ** 32,
    2 ** 53,
    1e300,
    '',
    'L99T99',
    'S3T3_KEY',
    'x'.repeat(100_000),
    '\u0000',
    [],
    {},
    true,
    'video/H264',
    'video/rtx',
    'audio/opus',
    'audio/multiopus',
    'video/AV1',
    [[[[[[[[[[]]]]]]]]]],
    Array.from({ length: 10_000 }, (_, index) => ({ ssrc: index + 1 })),
    Array.from({ length: 10_000 }, () => ({})),
  ),
  fc.integer(),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
);

type Path = Array<string | number>;

/** Paths of everything in a value that could be replaced. */
function paths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) {
    return [path];
  }
  return [path, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...path, key]))];
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return by;
  }
  const old = Object.entries(value ?? {});
  const inner = old.find(([name]) => name === String(key))?.[1];
  const copy: object = Array.isArray(value) ? old.map(([, item]) => item) : Object.fromEntries(old);
  // Like JSON.parse(), which makes even __proto__ an own property.
  Object.defineProperty(copy, key, {
    value: replaced(inner, rest, by),
    writable: true,
    enumerable: true,
    configurable: true,
  });
  return copy;
}

/** A valid value with one to three places replaced by nasty values, or with unknown keys added. */
export function mutated(valid: () => unknown): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.nat(), by: nasty, extra: fc.option(fc.tuple(extraKey, nasty)) });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    let value: unknown = structuredClone(valid());
    for (const { at, by, extra } of changes) {
      const places = paths(value);
      const path = places[at % places.length] ?? [];
      value = replaced(value, extra ? [...path, extra[0]] : path, extra ? extra[1] : by);
    }
    return value;
  });
}

const extraKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'ssrc',
  'rid',
  'rtx',
  'mid',
  'msid',
  'maxBitrate',
  'scalabilityMode',
  'codecPayloadType',
  'channels',
  'parameters',
  'apt',
  'profile-level-id',
  'encrypt',
  'dtx',
  'toString',
);

/** SVC parameters as browsers send them. */
export const vp9Parameters = () => ({
  ...simulcastParameters(),
  codecs: [{ mimeType: 'video/VP9', payloadType: 98, clockRate: 90_000, parameters: { 'profile-id': 0 } }],
  encodings: [{ ssrc: 7, scalabilityMode: 'L3T3_KEY' }],
});

/** H.264 parameters as browsers send them. */
export const h264Parameters = () => ({
  ...simulcastParameters(),
  codecs: [
    {
      mimeType: 'video/H264',
      payloadType: 102,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    },
  ],
  encodings: [{ ssrc: 8, rtx: { ssrc: 9 } }],
});
