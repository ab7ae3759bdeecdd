import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  concat,
  ffmpeg,
  fitTone,
  readOggOpus,
  rms,
  sine,
  toBytes,
  toSamples,
  writeOggOpus,
} from '../test-audio/index.ts';
import { buildNativeCodecs, type Codec, type CodecName, Codecs, clockRateOf } from './index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');
const native = await Codecs.load();
const portable = await Codecs.load({ prefer: 'portable' });

const PACKETS = 100;

function encodeTone(codec: Codec, frequencyHz: number, packets = PACKETS): Uint8Array[] {
  const frame = codec.sampleRate / 50;
  return Array.from({ length: packets }, (_, i) =>
    codec.encode(sine(frame, { frequencyHz, sampleRate: codec.sampleRate, from: i * frame })).slice(),
  );
}

/** Deterministic. */
function randomBytes(seed: number): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
}

/** Leaves out what the codec needs to settle. */
function measure(samples: Int16Array, sampleRate: number, frequencyHz: number) {
  return fitTone(samples.subarray(sampleRate / 2), sampleRate, frequencyHz);
}

describe('codecs', () => {
  test('the add-on is built here and offers every codec', () => {
    assert.deepEqual(native.capabilities.codecs, [
      'PCMU',
      'PCMA',
      'G722',
      'opus',
      'GSM',
      'speex/8000',
      'speex/16000',
      'speex/32000',
      'AMR-WB',
      'AMR-WB/octet-align',
    ]);
    assert.equal(native.capabilities.implementation, 'native');
    assert.equal(native.capabilities.reason, undefined);
  });

  test('the clock rate of every codec can be looked up by its name', async () => {
    for (const name of native.capabilities.codecs) {
      const codec = await native.createCodec(name);
      assert.equal(clockRateOf(name), codec.clockRate, name);
      codec.close();
    }
  });

  test('without the add-on, Opus and G.711 remain, and the capabilities state the reason', async () => {
    const codecs = await Codecs.load({ path: '/nonexistent/canopy-codecs.node' });
    assert.deepEqual(codecs.capabilities.codecs, ['PCMU', 'PCMA', 'opus']);
    assert.match(codecs.capabilities.reason ?? '', /do not load/);
    await assert.rejects(codecs.createCodec('G722'), /not available/);
  });

  test('an add-on built without its optional libraries has the other codecs, and the capabilities name the packages', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'canopy-codecs-'));
    try {
      const output = join(folder, 'canopy-codecs.node');
      const extraFlags = ['-UCANOPY_GSM', '-UCANOPY_SPEEX', '-UCANOPY_AMRWB'];
      assert.ok(buildNativeCodecs({ extraFlags, output }).path);
      const codecs = await Codecs.load({ path: output });
      assert.equal(codecs.capabilities.implementation, 'native');
      assert.deepEqual(codecs.capabilities.codecs, ['PCMU', 'PCMA', 'G722', 'opus']);
      assert.match(
        codecs.capabilities.reason ?? '',
        /without libgsm1-dev and libspeex-dev and libopencore-amrwb-dev and libvo-amrwbenc-dev; install them/,
      );
      for (const name of ['GSM', 'speex/16000', 'AMR-WB'] as const) {
        await assert.rejects(codecs.createCodec(name), /not available/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const purity: Array<[Codecs, CodecName, number, number, number]> = [
    [native, 'PCMU', 8_000, 440, 35],
    [native, 'PCMA', 8_000, 440, 35],
    [native, 'G722', 16_000, 440, 40],
    [native, 'G722', 16_000, 3_000, 30],
    [native, 'GSM', 8_000, 440, 28],
    [native, 'GSM', 8_000, 1_000, 30],
    [native, 'speex/8000', 8_000, 440, 23],
    [native, 'speex/8000', 8_000, 3_000, 30],
    [native, 'speex/16000', 16_000, 440, 25],
    [native, 'speex/16000', 16_000, 3_000, 30],
    [native, 'speex/32000', 32_000, 440, 25],
    [native, 'AMR-WB', 16_000, 440, 15],
    [native, 'AMR-WB/octet-align', 16_000, 3_000, 15],
    [native, 'opus', 8_000, 440, 25],
    [native, 'opus', 16_000, 440, 25],
    [native, 'opus', 48_000, 1_000, 25],
    [portable, 'PCMU', 8_000, 440, 35],
    [portable, 'opus', 16_000, 440, 25],
  ];
  for (const [codecs, name, sampleRate, frequencyHz, least] of purity) {
    const kind = codecs.capabilities.implementation;
    test(`${name} (${kind}) carries ${frequencyHz} Hz at ${sampleRate} Hz through ${PACKETS} packets at over ${least} dB`, async (t) => {
      const codec = await codecs.createCodec(name, { sampleRate, bitrateBps: 32_000 });
      const packets = encodeTone(codec, frequencyHz);
      const heard = concat(packets.map((packet) => codec.decode(packet).slice()));
      const fit = measure(heard, sampleRate, frequencyHz);
      t.diagnostic(
        `SNR ${fit.snrDb.toFixed(1)} dB, ${fit.frequencyHz.toFixed(2)} Hz, amplitude ${fit.amplitude.toFixed(0)}`,
      );
      codec.close();
      assert.ok(fit.snrDb > least);
      assert.ok(Math.abs(fit.frequencyHz - frequencyHz) < 0.5);
      assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.12);
    });
  }

  test('threat 21: a G.722 decoder reset for every packet would fail the purity test', async () => {
    const codec = await native.createCodec('G722');
    const packets = encodeTone(codec, 440);
    const heard = packets.map((packet) => {
      codec.reset();
      return codec.decode(packet).slice();
    });
    codec.close();
    assert.ok(measure(concat(heard), 16_000, 440).snrDb < 25);
  });

  for (const [name, format] of [
    ['PCMU', 'mulaw'],
    ['PCMA', 'alaw'],
  ] as const) {
    test(`${name} decodes as ffmpeg does, bit for bit, and encodes to the nearest value`, async () => {
      const codec = await native.createCodec(name);
      const codes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const theirs = toSamples(
        await ffmpeg(codes, '-f', format, '-ar', '8000', '-i', 'pipe:0', '-f', 's16le'),
      );
      const ours = codec.decode(codes).slice();
      assert.deepEqual(ours, theirs);
      const all = Int16Array.from({ length: 8_192 }, (_, i) => i * 8 - 32_768);
      const heard = codec.decode(codec.encode(all));
      const sorted = [...ours].sort((a, b) => a - b);
      for (let i = 0; i < all.length; i++) {
        const sample = all[i] ?? 0;
        const nearest = Math.min(...sorted.map((value) => Math.abs(value - sample)));
        assert.equal(Math.abs((heard[i] ?? 0) - sample), nearest);
      }
      codec.close();
    });
  }

  test('ffmpeg decodes our G.722 without artefacts, and we decode ffmpeg’s', async (t) => {
    const codec = await native.createCodec('G722');
    const packets = encodeTone(codec, 1_000);
    const theirs = toSamples(
      await ffmpeg(Buffer.concat(packets), '-f', 'g722', '-i', 'pipe:0', '-f', 's16le'),
    );
    const tone = sine(PACKETS * 320, { frequencyHz: 1_000, sampleRate: 16_000 });
    const input = ['-f', 's16le', '-ar', '16000', '-ac', '1', '-i', 'pipe:0'];
    const stream = await ffmpeg(toBytes(tone), ...input, '-c:a', 'g722', '-f', 'g722');
    const ours: Int16Array[] = [];
    for (let at = 0; at + 160 <= stream.length; at += 160) {
      ours.push(codec.decode(stream.subarray(at, at + 160)).slice());
    }
    codec.close();
    for (const [who, samples] of [
      ['ffmpeg decodes ours', theirs],
      ['we decode theirs', concat(ours)],
    ] as const) {
      const fit = measure(samples, 16_000, 1_000);
      t.diagnostic(`${who}: SNR ${fit.snrDb.toFixed(1)} dB, amplitude ${fit.amplitude.toFixed(0)}`);
      assert.ok(fit.snrDb > 30);
      assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.1);
    }
  });

  test('ffmpeg’s own decoder decodes our Opus without artefacts, and we decode that of its encoder', async (t) => {
    const codec = await native.createOpus({ sampleRate: 16_000 });
    const ogg = writeOggOpus(encodeTone(codec, 1_000));
    const theirs = toSamples(
      await ffmpeg(ogg, '-c:a', 'opus', '-f', 'ogg', '-i', 'pipe:0', '-ar', '48000', '-f', 's16le'),
    );
    const tone = sine(PACKETS * 960, { frequencyHz: 1_000, sampleRate: 48_000 });
    const input = ['-f', 's16le', '-ar', '48000', '-ac', '1', '-i', 'pipe:0'];
    const stream = await ffmpeg(
      toBytes(tone),
      ...input,
      '-c:a',
      'opus',
      '-strict',
      '-2',
      '-b:a',
      '96k',
      '-f',
      'ogg',
    );
    const ours = readOggOpus(stream).map((packet) => codec.decode(packet).slice());
    codec.close();
    for (const [who, samples, rate, least] of [
      ['ffmpeg decodes ours', theirs, 48_000, 25],
      // Their encoder is experimental: most of this noise is its own.
      ['we decode theirs', concat(ours), 16_000, 15],
    ] as const) {
      const fit = measure(samples, rate, 1_000);
      t.diagnostic(`${who}: SNR ${fit.snrDb.toFixed(1)} dB, amplitude ${fit.amplitude.toFixed(0)}`);
      assert.ok(fit.snrDb > least);
      assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.12);
    }
  });

  test('the duration of an Opus packet is the same as that of its decoded samples', async () => {
    const codec = await native.createOpus({ sampleRate: 48_000 });
    for (const samples of [120, 240, 480, 960, 1_920, 2_880]) {
      const packet = codec.encode(new Int16Array(samples)).slice();
      assert.equal(codec.durationTicks(packet), samples);
      assert.equal(codec.decode(packet).length, samples);
    }
    codec.close();
  });

  for (const codecs of [native, portable]) {
    const kind = codecs.capabilities.implementation;

    test(`Opus (${kind}) restores a lost packet from the next one better than it conceals it`, async (t) => {
      const errors = { fec: 0, conceal: 0 };
      for (const way of ['fec', 'conceal'] as const) {
        const settings = { fec: true, expectedLossPercent: 20, bitrateBps: 24_000, signal: 'voice' } as const;
        const codec = await codecs.createOpus({ sampleRate: 16_000, ...settings });
        const reference = await codecs.createOpus({ sampleRate: 16_000 });
        // A tone that changes its pitch with every packet: concealment cannot guess it.
        const packets = Array.from({ length: 60 }, (_, i) =>
          codec.encode(sine(320, { frequencyHz: 300 + 50 * (i % 8), sampleRate: 16_000 })).slice(),
        );
        packets.forEach((packet, i) => {
          const wanted = reference.decode(packet).slice();
          let got: Int16Array;
          const next = packets[i + 1];
          if (i % 7 === 6 && next) {
            got = way === 'fec' ? codec.decodeFec(next, 320) : codec.conceal(320);
          } else {
            got = codec.decode(packet);
          }
          if (i % 7 === 6) {
            errors[way] += rms(wanted.map((value, k) => value - (got[k] ?? 0)));
          }
        });
        codec.close();
        reference.close();
      }
      t.diagnostic(
        `mean error: FEC ${(errors.fec / 8).toFixed(0)}, concealment ${(errors.conceal / 8).toFixed(0)}`,
      );
      assert.ok(errors.fec < 0.6 * errors.conceal);
    });

    test(`Opus (${kind}) with DTX sends almost nothing during silence`, async () => {
      const codec = await codecs.createOpus({ sampleRate: 16_000, dtx: true });
      const sizes = Array.from({ length: 50 }, () => codec.encode(new Int16Array(320)).length);
      codec.close();
      assert.ok(sizes.slice(-20).filter((size) => size <= 2).length >= 18);
    });

    test(`Opus (${kind}) refuses settings out of range and names them`, async () => {
      const codec = await codecs.createOpus();
      assert.throws(() => codec.configure({ bitrateBps: -1 }), /bitrateBps/);
      assert.throws(() => codec.configure({ bitrateBps: Number.NaN }), /bitrateBps/);
      assert.throws(() => codec.configure({ complexity: 11 }), /complexity/);
      assert.throws(() => codec.configure({ maxBandwidth: 'huge' as never }), /maxBandwidth/);
      codec.close();
      codec.close();
      assert.throws(() => codec.encode(new Int16Array(960)), /closed/);
      await assert.rejects(codecs.createOpus({ sampleRate: 44_100 }), /44100/);
    });

    test(`resampling (${kind}) preserves a tone’s purity, level and number of samples`, (t) => {
      for (const [from, to] of [
        [8_000, 48_000],
        [16_000, 48_000],
        [48_000, 16_000],
        [48_000, 8_000],
        [8_000, 16_000],
        [16_000, 8_000],
      ] as const) {
        const resampler = codecs.createResampler(from, to);
        const frame = from / 50;
        const out = Array.from({ length: 60 }, (_, i) =>
          resampler.process(sine(frame, { frequencyHz: 1_000, sampleRate: from, from: i * frame })).slice(),
        );
        resampler.close();
        for (const part of out) {
          assert.equal(part.length, to / 50);
        }
        const fit = measure(concat(out), to, 1_000);
        t.diagnostic(`${from} → ${to}: SNR ${fit.snrDb.toFixed(1)} dB`);
        assert.ok(fit.snrDb > 60, `${from} → ${to}: ${fit.snrDb} dB`);
        assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.01);
      }
    });
  }

  test('ffmpeg decodes our GSM without artefacts, and we decode ffmpeg’s', async (t) => {
    const codec = await native.createCodec('GSM');
    const theirs = toSamples(
      await ffmpeg(Buffer.concat(encodeTone(codec, 1_000)), '-f', 'gsm', '-i', 'pipe:0', '-f', 's16le'),
    );
    const tone = sine(PACKETS * 160, { frequencyHz: 1_000, sampleRate: 8_000 });
    const input = ['-f', 's16le', '-ar', '8000', '-ac', '1', '-i', 'pipe:0'];
    const stream = await ffmpeg(toBytes(tone), ...input, '-c:a', 'libgsm', '-f', 'gsm');
    const ours: Int16Array[] = [];
    for (let at = 0; at + 66 <= stream.length; at += 66) {
      ours.push(codec.decode(stream.subarray(at, at + 66)).slice());
    }
    codec.close();
    for (const [who, samples] of [
      ['ffmpeg decodes ours', theirs],
      ['we decode theirs, two frames at a time', concat(ours)],
    ] as const) {
      const fit = measure(samples, 8_000, 1_000);
      t.diagnostic(`${who}: SNR ${fit.snrDb.toFixed(1)} dB, amplitude ${fit.amplitude.toFixed(0)}`);
      assert.ok(fit.snrDb > 30);
      assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.1);
    }
  });

  test('a GSM decoder that misses the beginning of a steady tone, ours or ffmpeg’s, is wrong until the tone pauses', async () => {
    const codec = await native.createCodec('GSM');
    // Silence ends the tone, and with it what the decoders predict from.
    const silence = () => codec.encode(new Int16Array(160)).slice();
    const tone = [...encodeTone(codec, 400, 150), silence(), ...encodeTone(codec, 400, 150)];
    const packets = tone.slice(5);
    const theirs = toSamples(
      await ffmpeg(Buffer.concat(packets), '-f', 'gsm', '-i', 'pipe:0', '-f', 's16le'),
    );
    codec.reset();
    const ours = concat(packets.map((packet) => codec.decode(packet).slice()));
    codec.close();
    for (const samples of [ours, theirs]) {
      const before = fitTone(samples.subarray(140 * 160 - 8_000, 140 * 160), 8_000, 400);
      const after = fitTone(samples.subarray(-8_000), 8_000, 400);
      assert.ok(before.amplitude < 1_000, `${before.amplitude} before the pause`);
      assert.ok(Math.abs(after.amplitude / 8_000 - 1) < 0.1, `${after.amplitude} after it`);
    }
  });

  for (const name of ['GSM', 'speex/8000', 'speex/16000', 'speex/32000', 'AMR-WB'] as const) {
    test(`packets of ${name} have 20 to 120 ms, and their duration is that of their decoded samples`, async () => {
      const codec = await native.createCodec(name);
      const frame = codec.sampleRate / 50;
      for (const frames of [1, 2, 3, 6]) {
        const packet = codec.encode(sine(frames * frame, { frequencyHz: 440, sampleRate: codec.sampleRate }));
        assert.equal(codec.durationTicks(packet), frames * frame);
        assert.equal(codec.decode(packet.slice()).length, frames * frame);
      }
      for (const samples of [frame / 2, 1.5 * frame, 7 * frame]) {
        assert.throws(() => codec.encode(new Int16Array(samples)), RangeError);
      }
      codec.close();
    });

    test(`threat 51: after payloads of random bytes, zeros and wrong lengths, ${name} decodes the next second as before`, async (t) => {
      const codec = await native.createCodec(name);
      const packets = encodeTone(codec, 1_000);
      const random = randomBytes(7 + name.length);
      let decoded = 0;
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 500; i++) {
          const garbage = random(name === 'GSM' ? 33 : 1 + (i % 90));
          if (name === 'GSM' && i % 4 > 0) {
            garbage[0] = 0xd0 | ((garbage[0] as number) & 0x0f);
          }
          if (i % 10 === 0) {
            garbage.fill(0);
          }
          try {
            codec.decode(i % 7 === 0 ? garbage.subarray(i % 5) : garbage);
            decoded++;
          } catch (error) {
            assert.ok(error instanceof RangeError);
          }
        }
        const heard = concat(packets.map((packet) => codec.decode(packet).slice()));
        const fit = measure(heard.subarray(codec.sampleRate), codec.sampleRate, 1_000);
        assert.ok(fit.snrDb > 10, `${fit.snrDb} dB in round ${round}`);
        assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.25, `${fit.amplitude} in round ${round}`);
      }
      t.diagnostic(`${decoded} of 10000 payloads were decoded`);
      codec.close();
    });
  }

  for (const name of [
    ...(['PCMU', 'G722', 'opus', 'GSM', 'speex/8000', 'speex/16000', 'speex/32000'] as const),
    ...(['AMR-WB', 'AMR-WB/octet-align'] as const),
  ]) {
    test(`${name} conceals a lost packet of a tone without a gap, and fades out if loss continues`, async (t) => {
      const codec = await native.createCodec(name, { sampleRate: 16_000 });
      const frame = codec.sampleRate / 50;
      const packets = encodeTone(codec, 300);
      const heard = packets.map((packet, i) =>
        (i % 10 === 9 ? codec.conceal(frame) : codec.decode(packet)).slice(),
      );
      const lost = heard.filter((_, i) => i % 10 === 9 && i > 20);
      const level = rms(concat(lost)) / rms(concat(heard.filter((_, i) => i % 10 === 5 && i > 20)));
      t.diagnostic(`level in the gap ${(20 * Math.log10(level)).toFixed(1)} dB`);
      assert.ok(level > 0.4 && level < 1.2);
      const long = Array.from({ length: 100 }, () => codec.conceal(frame).slice());
      assert.ok(rms(long[99] ?? []) < 200);
      codec.close();
    });
  }

  // While a tone lasts, libspeex's decoder keeps the error of a lost packet: its encoder predicts each period from the one before.
  for (const name of ['speex/8000', 'speex/16000', 'speex/32000'] as const) {
    test(`${name} recovers from lost packets at the next pause of 20 ms, at every pitch`, async () => {
      for (let frequencyHz = 500; frequencyHz <= 1200; frequencyHz += 100) {
        const [encoder, decoder] = [await native.createCodec(name), await native.createCodec(name)];
        const { sampleRate } = encoder;
        const frame = sampleRate / 50;
        const heard = Array.from({ length: 100 }, (_, i) => {
          const isPause = i % 25 === 0;
          const tone = sine(frame, { frequencyHz, sampleRate, from: i * frame });
          const packet = encoder.encode(isPause ? new Int16Array(frame) : tone);
          const isLost = i < 75 && i % 11 === 5;
          return (isLost ? decoder.conceal(frame) : decoder.decode(packet)).slice();
        });
        const { snrDb, amplitude } = fitTone(concat(heard.slice(80)), sampleRate, frequencyHz);
        assert.ok(snrDb > 10 && Math.abs(amplitude / 8_000 - 1) < 0.25, `${frequencyHz} Hz: ${snrDb} dB`);
        encoder.close();
        decoder.close();
      }
    });
  }
});
