import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { buildNativeCodecs, type CodecName, Codecs } from '../../codecs/index.ts';
import { fitTone, rms, segmentalSnrDb } from '../../test-audio/index.ts';
import { Playout } from './playout.ts';
import { randomNumbers, receiver, type Simulation, simulate } from './simulation.testing.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');
const codecs = await Codecs.load();

async function play(name: CodecName, options: Omit<Simulation, 'codec'>, fec = false) {
  const settings = { sampleRate: 16_000, bitrateBps: 32_000, fec, expectedLossPercent: fec ? 10 : 0 };
  const codec = await codecs.createCodec(name, settings);
  const result = simulate({ codec, ...options });
  codec.close();
  const rate = codec.sampleRate;
  return {
    ...result,
    rate,
    fit: fitTone(result.heard.subarray(rate, 9 * rate), rate, options.frequencyHz ?? 440),
  };
}

/** The longest part below a thirtieth of the loudest sample, in milliseconds. */
function longestGapMs(samples: Int16Array, sampleRate: number): number {
  const threshold = samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0) / 30;
  const step = sampleRate / 200;
  let [longest, current] = [0, 0];
  for (let at = 0; at + step <= samples.length; at += step) {
    current = rms(samples.subarray(at, at + step)) < threshold ? current + 5 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

describe('playout', () => {
  for (const [name, least] of [
    ['PCMU', 35],
    ['PCMA', 35],
    ['G722', 45],
    ['opus', 30],
  ] as const) {
    test(`threat 21: on a calm network, ${name} plays 10 s of a tone without artefacts at packet borders, over ${least} dB`, async (t) => {
      const { fit, playout, delayMs, targetMs } = await play(name, { seconds: 10 });
      t.diagnostic(
        `SNR ${fit.snrDb.toFixed(1)} dB, delay ${delayMs.toFixed(1)} ms, target ${targetMs.toFixed(1)} ms`,
      );
      assert.ok(fit.snrDb > least);
      assert.ok(Math.abs(fit.frequencyHz - 440) < 0.1);
      const { concealed, shortened, lengthened } = playout.counts;
      assert.deepEqual({ concealed, shortened, lengthened }, { concealed: 0, shortened: 0, lengthened: 0 });
      assert.ok(delayMs <= 24);
    });
  }

  for (const ptimeMs of [10, 20, 30, 40, 60]) {
    test(`threat 21: packets of ${ptimeMs} ms play without a gap at any phase of our clock`, async () => {
      for (const phaseMs of [0.5, 5, 9.5, 13, 19.5]) {
        const { fit, delayMs, playout } = await play('PCMU', { seconds: 5, ptimeMs, phaseMs });
        assert.ok(fit.snrDb > 35, `phase ${phaseMs} ms: ${fit.snrDb} dB, ${JSON.stringify(playout.counts)}`);
        assert.ok(delayMs < 30 + ptimeMs, `phase ${phaseMs} ms: delay ${delayMs} ms`);
      }
    });
  }

  test('wraps of sequence numbers and timestamps are inaudible', async () => {
    const { fit } = await play('G722', { seconds: 4, firstSequence: 65_480, firstTimestamp: 0xffff_fff0 });
    assert.ok(fit.snrDb > 45);
  });

  test('reordered packets are played in order once the buffer has adapted', async () => {
    const { playout, heard, rate } = await play('PCMU', {
      seconds: 20,
      network: (i) => (i % 10 === 3 ? 25 : 0),
    });
    const { fit } = { fit: fitTone(heard.subarray(10 * rate), rate, 440) };
    assert.ok(fit.snrDb > 33, `${fit.snrDb} dB, ${JSON.stringify(playout.counts)}`);
  });

  test('the delay follows the jitter: low on a calm network, higher on a bad one, then low again', async (t) => {
    const random = randomNumbers(1);
    const rough = await play('PCMU', { seconds: 30, network: () => 60 * random() });
    const healed = await play('PCMU', { seconds: 90, network: (i) => (i < 1_500 ? 60 * random() : 0) });
    t.diagnostic(
      `rough ${rough.delayMs.toFixed(0)} ms (target ${rough.targetMs.toFixed(0)}), healed ${healed.delayMs.toFixed(0)} ms`,
    );
    assert.ok(rough.targetMs > 45 && rough.targetMs < 70);
    const late = rough.playout.counts.concealed / rough.playout.counts.decoded;
    assert.ok(late < 0.03, `${late} concealed`);
    assert.ok(healed.delayMs < 30, `${healed.delayMs} ms, target ${healed.targetMs}`);
  });

  for (const driftPpm of [-50, 50]) {
    test(`threat 21: with a clock drift of ${driftPpm} ppm, pitch and delay stay constant for an hour`, async (t) => {
      const { playout, delayMs, heard, rate } = await play('PCMU', {
        seconds: 3_600,
        driftPpm,
        frequencyHz: 400,
      });
      const { shortened, lengthened, concealed } = playout.counts;
      const snrDb = segmentalSnrDb(heard.subarray(rate), rate, 400 * (1 + driftPpm / 1e6));
      t.diagnostic(
        `shortened ${shortened}, lengthened ${lengthened}, concealed ${concealed}, delay ${delayMs.toFixed(1)} ms, segmental SNR ${snrDb.toFixed(1)} dB`,
      );
      assert.ok(delayMs < 30);
      assert.ok(concealed <= 2);
      assert.ok(shortened + lengthened >= 9);
      assert.ok(snrDb > 33);
    });
  }

  test('a clock drift of 1000 ppm is compensated, too', async () => {
    const { playout, delayMs, heard, rate } = await play('G722', { seconds: 60, driftPpm: 1_000 });
    assert.ok(delayMs < 30);
    assert.ok(playout.counts.concealed <= 2);
    assert.ok(segmentalSnrDb(heard.subarray(rate), rate, 440) > 25);
  });

  // Syllables: the encoder adds redundancy to speech only, and a steady tone is none.
  const amplitude = (i: number) => (i % 12 < 8 ? 8_000 : 100);

  test('at 5 % loss, Opus with FEC restores most lost packets, and is closer to the lossless signal than without', async (t) => {
    const snr: number[] = [];
    for (const fec of [true, false]) {
      const random = randomNumbers(7);
      const lossy = (i: number) => (i > 100 && random() < 0.05 ? null : 0);
      const options = { seconds: 60, amplitude, minTargetMs: 30 };
      const { playout, heard } = await play('opus', { ...options, network: lossy }, fec);
      const whole = await play('opus', options, fec);
      const error = rms(whole.heard.map((value, i) => value - (heard[i] ?? 0)));
      const snrDb = 20 * Math.log10(rms(whole.heard) / error);
      const { restored, concealed } = playout.counts;
      t.diagnostic(`FEC ${fec}: SNR ${snrDb.toFixed(1)} dB, restored ${restored}, concealed ${concealed}`);
      snr.push(snrDb);
      if (fec) {
        assert.ok(restored > concealed);
      } else {
        assert.equal(restored, 0);
      }
    }
    assert.ok((snr[0] ?? 0) > (snr[1] ?? 0) + 2);
  });

  test('with 5 % loss and 30 ms of jitter, no codec leaves a gap over 40 ms in two minutes', async (t) => {
    for (const name of ['opus', 'G722', 'PCMU'] as const) {
      for (const seed of [1, 2, 3]) {
        const random = randomNumbers(seed);
        const network = () => (random() < 0.05 ? null : 30 * random());
        const { heard, rate, playout } = await play(name, { seconds: 120, network }, name === 'opus');
        const gapMs = longestGapMs(heard.subarray(2 * rate), rate);
        t.diagnostic(`${name}: longest gap ${gapMs} ms, ${playout.counts.concealed} frames concealed`);
        assert.ok(playout.counts.concealed > 200);
        assert.ok(gapMs <= 40, `${name}, seed ${seed}: ${gapMs} ms`);
      }
    }
  });

  test('the buffer waits for redundancy only if there is loss', async () => {
    const random = randomNumbers(7);
    const calm = await play('opus', { seconds: 20, amplitude }, true);
    const network = () => (random() < 0.05 ? null : 0);
    const lossy = await play('opus', { seconds: 60, amplitude, network }, true);
    assert.ok(calm.targetMs < 10, `${calm.targetMs} ms`);
    assert.ok(lossy.targetMs > 20, `${lossy.targetMs} ms`);
    assert.ok(lossy.playout.counts.restored > 0.3 * lossy.playout.counts.concealed);
  });

  test('threat 21: silence that is not sent (DTX) is silent, and the speech after it is complete', async () => {
    const talks = (i: number) => i % 100 < 50;
    const { playout, heard, rate } = await play('PCMU', { seconds: 20, talks });
    assert.equal(playout.counts.decoded, 500);
    assert.equal(playout.jitter.late + playout.jitter.discarded, 0);
    const speech = fitTone(heard.subarray(10.2 * rate, 10.9 * rate), rate, 440);
    assert.ok(speech.snrDb > 33, `${speech.snrDb} dB`);
    assert.ok(rms(heard.subarray(11.5 * rate, 11.9 * rate)) < 1);
  });

  test('threat 21: playout continues at once after a new numbering, a jump of timestamps, or a pause without advancing timestamps', async () => {
    const codec = await codecs.createCodec('PCMU');
    const { playout, receive } = simulate({ codec, seconds: 2 });
    let now = 2_007;
    const heardAfter = (sequence: number, timestamp: number) => {
      let active = 0;
      for (let i = 0; i < 25; i++, now += 20) {
        const payload = new Uint8Array(160).fill(0x90);
        const numbers = { sequenceNumber: (sequence + i) & 0xffff, timestamp: (timestamp + 160 * i) >>> 0 };
        receive({ ...numbers, payload }, now - 7);
        if (rms(playout.read(now)) > 1_000) {
          active++;
        }
      }
      return active;
    };
    assert.ok(heardAfter(64, 0x10_0000) > 20, 'timestamps jump');
    assert.ok(heardAfter(30_000, 0x7000_0000) > 20, 'both jump');
    now += 60_000;
    assert.ok(
      heardAfter(30_025, 0x7000_0000 + 25 * 160) > 20,
      'a minute on hold, timestamps go on where they stood',
    );
    assert.ok(heardAfter(5, 17) > 20, 'both jump back');
    codec.close();
  });

  for (const [name, sampleRate] of [
    ['PCMU', 8_000],
    ['PCMA', 8_000],
    ['G722', 16_000],
    ['opus', 8_000],
    ['opus', 48_000],
  ] as const) {
    test(`threat 51: with any sizes, numbers and gaps of ${name} packets at ${sampleRate} Hz, every read returns 20 ms`, async () => {
      const codec = await codecs.createCodec(name, { sampleRate });
      const speech = codec.encode(new Int16Array(codec.sampleRate / 50).fill(1_000)).slice();
      const payloads = fc.oneof(
        fc.constant(speech),
        fc.uint8Array({ maxLength: 12 }),
        fc.integer({ min: 1, max: 9_000 }).map((length) => new Uint8Array(length).fill(speech[0] ?? 0)),
      );
      const packet = fc.record({
        payload: payloads,
        // Next in order, one or two skipped, behind, or anywhere.
        skip: fc.oneof(
          fc.integer({ min: -3, max: 3 }),
          fc.constantFrom(1, 2),
          fc.integer({ max: 0xffff, min: 0 }),
        ),
        ticks: fc.oneof(
          fc.integer({ min: -9, max: 9 }),
          fc.constantFrom(160, 161, 960, 961, 2_000, 5_761),
          fc.integer(),
        ),
        reads: fc.integer({ min: 0, max: 4 }),
      });
      let now = 0;
      fc.assert(
        fc.property(fc.array(packet, { minLength: 1, maxLength: 40 }), (script) => {
          const playout = new Playout({ codec });
          const receive = receiver(playout);
          let sequence = 0;
          let timestamp = 0;
          for (const { payload, skip, ticks, reads } of script) {
            sequence = (sequence + skip) & 0xffff;
            timestamp = (timestamp + ticks) >>> 0;
            receive({ sequenceNumber: sequence, timestamp, payload }, now);
            for (let i = 0; i < reads; i++) {
              now += 20;
              assert.equal(playout.read(now).length, codec.sampleRate / 50);
            }
          }
        }),
        { numRuns: 1_000 },
      );
      codec.close();
    });
  }

  test('threat 51: packets longer than 120 ms are refused on arrival', async () => {
    for (const name of ['PCMU', 'G722'] as const) {
      const codec = await codecs.createCodec(name);
      const playout = new Playout({ codec });
      const insert = (bytes: number) =>
        playout.insert({ timestamp: 0, payload: new Uint8Array(bytes) }, 1, 0);
      assert.equal(insert(961), 'malformed');
      assert.equal(insert(960), 'buffered');
      codec.close();
    }
  });

  test('malformed payloads are counted and otherwise ignored', async () => {
    const codec = await codecs.createOpus();
    const { playout } = simulate({ codec, seconds: 1 });
    assert.equal(playout.insert({ timestamp: 0, payload: new Uint8Array(0) }, 1, 1_000), 'malformed');
    assert.equal(playout.counts.malformed, 1);
    codec.close();
  });
});
