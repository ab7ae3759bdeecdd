import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildNativeCodecs, type Codec, Codecs, type OpusCodec } from './index.ts';

/** Nothing but a RangeError or TypeError may come of any input; the process itself is the first assertion. */
const RUNS = Number(process.env.CANOPY_FUZZ_RUNS ?? 3_000);

const bytes = fc.oneof(
  fc
    .uint8Array({ minLength: 33, maxLength: 33 })
    .map((frame) => frame.map((byte, i) => (i > 0 ? byte : 0xd0 | (byte & 15)))),
  // Octet-aligned AMR-WB of 6.6 kbit/s, and comfort noise in between.
  fc
    .uint8Array({ minLength: 25, maxLength: 25 })
    .map((frame) => frame.map((byte, i) => [byte, 0x84, 0x4c][i] ?? byte)),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 100, maxLength: 1_600 }),
);
const frameSizes = fc.oneof(
  fc.integer({ min: 0, max: 6_000 }),
  fc.constantFrom(80, 160, 320, 480, 960, 1_920, 2_880),
);
const operation = fc.oneof(
  fc.record({ kind: fc.constant('decode' as const), payload: bytes }),
  fc.record({ kind: fc.constant('decodeFec' as const), payload: bytes, samples: frameSizes }),
  fc.record({ kind: fc.constant('encode' as const), samples: frameSizes, seed: fc.integer() }),
  fc.record({ kind: fc.constant('conceal' as const), samples: fc.oneof(frameSizes, fc.double()) }),
  fc.record({ kind: fc.constant('durationTicks' as const), payload: bytes }),
  fc.record({ kind: fc.constant('reset' as const) }),
);

function noise(count: number, seed: number): Int16Array {
  let state = seed | 1;
  return Int16Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

function apply(codec: Codec, step: typeof operation extends fc.Arbitrary<infer T> ? T : never): void {
  try {
    if (step.kind === 'decode') {
      assert.ok(codec.decode(step.payload).length > 0);
    } else if (step.kind === 'decodeFec') {
      if (codec.name === 'opus') {
        (codec as OpusCodec).decodeFec(step.payload, step.samples);
      }
    } else if (step.kind === 'encode') {
      assert.ok(codec.encode(noise(step.samples, step.seed)).length > 0);
    } else if (step.kind === 'conceal') {
      assert.ok(codec.conceal(step.samples).length >= step.samples);
    } else if (step.kind === 'durationTicks') {
      assert.ok(codec.durationTicks(step.payload) > 0);
    } else {
      codec.reset();
    }
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    assert.ok(error.message.length > 10);
  }
}

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');
const native = await Codecs.load();
const portable = await Codecs.load({ prefer: 'portable' });

for (const [codecs, name, sampleRate] of [
  [native, 'PCMU', 8_000],
  [native, 'PCMA', 8_000],
  [native, 'G722', 16_000],
  [native, 'GSM', 8_000],
  [native, 'speex/8000', 8_000],
  [native, 'speex/16000', 16_000],
  [native, 'speex/32000', 32_000],
  [native, 'AMR-WB', 16_000],
  [native, 'AMR-WB/octet-align', 16_000],
  [native, 'opus', 8_000],
  [native, 'opus', 48_000],
  [portable, 'opus', 16_000],
] as const) {
  const kind = codecs.capabilities.implementation;
  test(`${name} at ${sampleRate} Hz (${kind}) survives any order of any input`, async () => {
    let codec = await codecs.createCodec(name, { sampleRate });
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 8 }), async (sequence) => {
        for (const step of sequence) {
          apply(codec, step);
        }
        steps += sequence.length;
        if (steps % 97 === 0) {
          codec.close();
          codec = await codecs.createCodec(name, { sampleRate });
        }
      }),
      { numRuns: RUNS },
    );
    codec.close();
  });
}

test('the add-on refuses values of other types as handle, buffer or number', async () => {
  const { locate } = await import('./build.mjs');
  const { loadNative } = await import('./native-binding.ts');
  const binding = loadNative(locate() ?? '') as unknown as Record<string, (...args: unknown[]) => unknown>;
  const handles = [
    binding.opusCreate?.(8_000),
    binding.g722Create?.(),
    binding.gsmCreate?.(),
    binding.speexCreate?.(16_000, 8),
    binding.amrwbCreate?.(),
    binding.resamplerCreate?.(8_000, 48_000, 3),
  ];
  const buffer = new ArrayBuffer(64);
  const detached = new Int16Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  const values = [
    ...handles,
    detached,
    new Int16Array(160),
    new Uint8Array(0),
    new Uint8Array(4_000),
    new Float64Array(9),
  ];
  const argument = fc.oneof(
    fc.constantFrom<unknown>(
      ...values,
      null,
      undefined,
      {},
      'x',
      true,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1,
      2 ** 40,
    ),
    fc.integer(),
  );
  const names = Object.keys(binding).filter((key) => typeof binding[key] === 'function');
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(argument, { maxLength: 5 }), (key, args) => {
      try {
        binding[key]?.(...args);
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof TypeError);
      }
    }),
    { numRuns: 3 * RUNS },
  );
});
