import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkDtlsParameters, checkLayers, checkRtpCapabilities, checkRtpParameters } from './guards.ts';
import { clientFingerprint, opusParameters, simulcastParameters } from './test-support.ts';

/** Simulcast parameters with changes to the first encoding. */
function withEncoding(change: Record<string, unknown>) {
  const given = simulcastParameters();
  const [first, ...others] = given.encodings;
  return { ...given, encodings: [{ ...first, ...change }, ...others] };
}

function assertRejected(given: unknown, detail: RegExp): void {
  assert.throws(() => checkRtpParameters('video', given), { code: 'MEDIA_REJECTED', detail });
}

describe('threat 6: checkRtpParameters()', () => {
  it('accepts what browsers send, unchanged', () => {
    const audio = opusParameters();
    assert.deepEqual(checkRtpParameters('audio', audio), audio);
    const video = simulcastParameters();
    assert.deepEqual(checkRtpParameters('video', video), video);
  });

  it('drops unknown fields', () => {
    const given =
      JSON.parse(`{"__proto__":{"a":1},"more":1,"codecs":${JSON.stringify(opusParameters().codecs)},
      "encodings":[{"ssrc":1,"more":{"deep":[]}}]}`);
    assert.deepEqual(checkRtpParameters('audio', given), {
      codecs: opusParameters().codecs,
      encodings: [{ ssrc: 1 }],
    });
  });

  it('names bitrates that are not positive integers', () => {
    for (const maxBitrate of [Number.NaN, -1, 0, 1.5, Number.POSITIVE_INFINITY, null, '1000', 1e300]) {
      assertRejected(withEncoding({ maxBitrate }), /encodings\.0\.maxBitrate/);
    }
  });

  it('names SSRCs that are 0, exceed 32 bits, or are duplicates', () => {
    for (const ssrc of [0, -1, 2 ** 32, 1.5]) {
      assertRejected(withEncoding({ ssrc }), /encodings\.0\.ssrc/);
    }
    assertRejected(withEncoding({ ssrc: 5, rtx: { ssrc: 5 } }), /duplicate ssrc/);
  });

  it('names layers that do not exist or differ, and duplicate RIDs', () => {
    assertRejected(withEncoding({ scalabilityMode: 'L99T99' }), /scalabilityMode/);
    assertRejected(withEncoding({ scalabilityMode: 'L1T2' }), /different scalability modes/);
    assertRejected(withEncoding({ rid: 'r2' }), /duplicate rid/);
  });

  it('names lists that are too long or missing, and codecs of another kind', () => {
    const given = simulcastParameters();
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ssrc: index + 1 }));
    assertRejected({ ...given, encodings: many }, /encodings/);
    assertRejected({ ...given, encodings: [] }, /encodings/);
    assertRejected({ ...given, codecs: [] }, /codecs/);
    assertRejected({ ...given, codecs: [given.codecs[0], given.codecs[0]] }, /duplicate payload type/);
    assertRejected(opusParameters(), /another kind/);
    for (const nothing of [undefined, null, 7, 'x', []]) {
      assertRejected(nothing, /./);
    }
  });

  it('names absurd clock rates and format parameters', () => {
    const given = simulcastParameters();
    const [codec, rtx] = given.codecs;
    for (const clockRate of [0, -90_000, 1e9, Number.NaN]) {
      assertRejected({ ...given, codecs: [{ ...codec, clockRate }, rtx] }, /codecs\.0\.clockRate/);
    }
    for (const value of [{}, [], null, true, 2 ** 40, 'x'.repeat(1000)]) {
      assertRejected(
        { ...given, codecs: [{ ...codec, parameters: { value } }, rtx] },
        /codecs\.0\.parameters/,
      );
    }
  });
});

describe('threat 6: the other checks', () => {
  it('checkDtlsParameters() requires exactly one sha-256 fingerprint', () => {
    const { fingerprints } = clientFingerprint();
    assert.deepEqual(checkDtlsParameters({ fingerprints }), { role: 'auto', fingerprints });
    for (const given of [
      undefined,
      {},
      { fingerprints: [] },
      { fingerprints: [...fingerprints, ...fingerprints] },
      { fingerprints: [{ algorithm: 'sha-1', value: 'AB' }] },
      { fingerprints: [{ algorithm: 'sha-256', value: fingerprints[0]?.value.toLowerCase() }] },
      { fingerprints, role: 'both' },
    ]) {
      assert.throws(() => checkDtlsParameters(given), { code: 'FINGERPRINT_INVALID' });
    }
  });

  it('checkRtpCapabilities() accepts empty capabilities, and bounds the rest', () => {
    assert.deepEqual(checkRtpCapabilities({}), {});
    const codec = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000 };
    for (const codecs of [
      [{ ...codec, clockRate: -1 }],
      [{ ...codec, kind: 'data' }],
      Array(100).fill(codec),
      'x',
    ]) {
      assert.throws(() => checkRtpCapabilities({ codecs }), { code: 'MEDIA_REJECTED', detail: /codecs/ });
    }
  });

  it('checkLayers() requires small integers', () => {
    assert.deepEqual(checkLayers({ spatialLayer: 2, temporalLayer: 0 }), {
      spatialLayer: 2,
      temporalLayer: 0,
    });
    for (const given of [
      {},
      { spatialLayer: -1 },
      { spatialLayer: 0.5 },
      { spatialLayer: 0, temporalLayer: 99 },
    ]) {
      assert.throws(() => checkLayers(given), { code: 'MEDIA_REJECTED' });
    }
  });
});
