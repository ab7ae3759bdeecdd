import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { buildNativeCodecs, type Codec, type CodecName, Codecs } from '../../codecs/index.ts';
import { concat, rms, sine } from '../../test-audio/index.ts';
import { ComfortNoise } from './comfort-noise.ts';
import { Playout } from './playout.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

function dbov(samples: Int16Array): number {
  return 20 * Math.log10(rms(samples) / 32_768);
}

/** The correlation of neighbouring samples: positive for low-pass noise, negative for high-pass. */
function tilt(samples: Int16Array): number {
  let product = 0;
  let energy = 0;
  for (let i = 1; i < samples.length; i++) {
    product += (samples[i] as number) * (samples[i - 1] as number);
    energy += (samples[i] as number) ** 2;
  }
  return product / energy;
}

/** The largest step between neighbouring samples. */
function largestStep(samples: Int16Array): number {
  return samples.reduce((max, sample, i) => Math.max(max, Math.abs(sample - (samples[i - 1] ?? sample))), 0);
}

describe('comfort noise (RFC 3389)', () => {
  test('has the level of the packet, with and without a spectrum, and is at most -30 dBov', () => {
    for (const [bytes, wanted] of [
      [[40], -40],
      [[55, 40], -55],
      [[55, 200, 90, 140], -55],
      [[0], -30],
    ] as const) {
      const noise = new ComfortNoise(8_000);
      noise.start(Uint8Array.from(bytes), true, 0);
      noise.generate(2_000);
      const level = dbov(noise.generate(32_000));
      assert.ok(Math.abs(level - wanted) < 1, `${bytes}: ${level} dBov`);
    }
  });

  test('has the spectrum of the packet, if that is for the codec’s rate', () => {
    const tilts = [false, true].map((shaped) =>
      [40, 127, 214].map((reflection) => {
        const noise = new ComfortNoise(8_000);
        noise.start(Uint8Array.from([40, reflection]), shaped, 0);
        return tilt(noise.generate(16_000));
      }),
    );
    for (const value of [...(tilts[0] ?? []), tilts[1]?.[1] ?? 1]) {
      assert.ok(Math.abs(value) < 0.05);
    }
    assert.ok(Math.abs((tilts[1]?.[0] ?? 0) - 0.69) < 0.05, `${tilts[1]}`);
    assert.ok(Math.abs((tilts[1]?.[2] ?? 0) + 0.69) < 0.05, `${tilts[1]}`);
  });

  test('any payload results in finite noise', () => {
    for (let i = 0; i < 500; i++) {
      const noise = new ComfortNoise(16_000);
      const payload = Uint8Array.from({ length: 1 + (i % 40) }, (_, k) => (i * 31 + k * 57 + i * k) & 0xff);
      noise.start(payload, true, 32_767);
      const level = dbov(noise.generate(3_200).subarray(320));
      assert.ok(level < -20, `${level} dBov from ${payload}`);
    }
  });
});

describe('playout with comfort noise and DTX', () => {
  let codecs: Codecs;

  before(async () => {
    codecs = await Codecs.load();
  });

  /** Plays packets of 20 ms that `packet` makes: voice, noise, or none. Each takes a sequence number. */
  function play(
    codec: Codec,
    packets: number,
    packet: (i: number) => Uint8Array | { noise: Uint8Array } | null,
    delayMs: (i: number) => number = () => 0,
  ) {
    const playout = new Playout({ codec });
    const ticks = codec.clockRate / 50;
    const due: Array<{ atMs: number; insert: () => void }> = [];
    let sequence = 0;
    for (let i = 0; i < packets; i++) {
      const content = packet(i);
      if (!content) {
        continue;
      }
      sequence++;
      const [number, timestamp, atMs] = [sequence, i * ticks, i * 20 + delayMs(i)];
      const insert =
        content instanceof Uint8Array
          ? () => void playout.insert({ timestamp, payload: content }, number, atMs)
          : () => playout.insertNoise({ timestamp, payload: content.noise }, number, codec.clockRate);
      due.push({ atMs, insert });
    }
    due.sort((a, b) => a.atMs - b.atMs);
    const heard: Int16Array[] = [];
    for (let now = 7; now < packets * 20; now += 20) {
      while ((due[0]?.atMs ?? now + 1) <= now) {
        due.shift()?.insert();
      }
      heard.push(playout.read(now).slice());
    }
    return { playout, heard: concat(heard) };
  }

  function voice(codec: Codec, i: number): Uint8Array {
    const frame = codec.sampleRate / 50;
    return codec
      .encode(sine(frame, { frequencyHz: 441, sampleRate: codec.sampleRate, from: i * frame }))
      .slice();
  }

  for (const name of ['PCMU', 'G722', 'GSM', 'speex/16000'] as const satisfies readonly CodecName[]) {
    test(`${name}: noise fills silence at its level from the first frame on, without a click, and no frame counts as lost`, async () => {
      const codec = await codecs.createCodec(name);
      const level = Uint8Array.of(45);
      // 400 ms of voice, then silence with a noise packet at its start and every 200 ms.
      const { playout, heard } = play(codec, 200, (i) => {
        const at = i % 50;
        return at < 20 ? voice(codec, i) : at % 10 === 0 ? { noise: level } : null;
      });
      const second = codec.sampleRate;
      const step = largestStep(heard.subarray(second, second + 0.35 * second));
      for (let k = 1; k < 4; k++) {
        const pause = heard.subarray((k + 0.45) * second, (k + 0.98) * second);
        for (let at = 0; at + second / 50 <= pause.length; at += second / 50) {
          const measured = dbov(pause.subarray(at, at + second / 50));
          assert.ok(Math.abs(measured + 45) < 1.5, `${measured} dBov at ${at}`);
        }
        const edge = heard.subarray((k + 0.37) * second, (k + 0.48) * second);
        assert.ok(largestStep(edge) <= 1.5 * step, `a step of ${largestStep(edge)}, not ${step}`);
      }
      assert.equal(playout.counts.concealed, 0);
      assert.equal(playout.jitter.late, 0);
      codec.close();
    });
  }

  test('noise begins after the voice before it, although the buffer holds that when the noise packet arrives', async () => {
    const codec = await codecs.createCodec('PCMU');
    // Packets of voice are late by up to 60 ms, so that the buffer is long; the noise packet is not late.
    const { heard } = play(
      codec,
      150,
      (i) => (i < 100 ? voice(codec, i) : i === 100 ? { noise: Uint8Array.of(50) } : null),
      (i) => (i < 100 && i % 3 === 0 ? 60 : 0),
    );
    const pause = heard.subarray(2.2 * 8_000);
    assert.ok(Math.abs(dbov(pause) + 50) < 1.5, `${dbov(pause)} dBov`);
    codec.close();
  });

  test('a noise packet with an odd timestamp does not hold back the voice after it', async () => {
    const codec = await codecs.createCodec('PCMU');
    const playout = new Playout({ codec });
    let loud = 0;
    for (let i = 0; i < 100; i++) {
      const now = i * 20;
      const numbers = { timestamp: i * 160, payload: voice(codec, i) };
      if (i === 50) {
        playout.insertNoise({ timestamp: 0x4000_0000, payload: Uint8Array.of(60) }, i + 1, 8_000);
      } else {
        playout.insert(numbers, i + 1, now);
      }
      loud += rms(playout.read(now + 7)) > 3_000 ? 1 : 0;
    }
    assert.ok(loud > 90, `${loud} frames`);
    codec.close();
  });

  test('threat 51: any number of noise packets with odd timestamps ends once they are played', async () => {
    const codec = await codecs.createCodec('PCMU');
    const playout = new Playout({ codec });
    for (let i = 0; i < 300; i++) {
      playout.insertNoise({ timestamp: (i * 0x1234_5678) >>> 0, payload: Uint8Array.of(70) }, i + 1, 8_000);
      playout.read(i * 20);
    }
    let loud = 0;
    for (let i = 300; i < 350; i++) {
      playout.insert({ timestamp: i * 160, payload: voice(codec, i) }, i + 1, i * 20);
      loud += rms(playout.read(i * 20 + 7)) > 3_000 ? 1 : 0;
    }
    assert.ok(loud > 40, `${loud} frames`);
    codec.close();
  });

  for (const name of ['opus', 'speex/8000', 'speex/16000', 'speex/32000'] as const) {
    test(`${name}: silence by DTX is filled by the decoder between its packets, and does not count as lost`, async (t) => {
      const codec = await codecs.createCodec(name, { sampleRate: 16_000, dtx: true });
      const frame = codec.sampleRate / 50;
      let state = 1;
      const background = () =>
        Int16Array.from({ length: frame }, () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
          return state / 2 ** 25;
        });
      // Opus as with DTX; Speex as an encoder with DTX does: after 600 ms of silence, one packet every 400 ms.
      let omitted = 0;
      const { playout, heard } = play(codec, 400, (i) => {
        const tone =
          i < 60 ? sine(frame, { frequencyHz: 441, sampleRate: codec.sampleRate, from: i * frame }) : null;
        const payload = codec.encode(tone ?? background()).slice();
        if (name === 'opus' ? payload.length > 2 : i < 90 || i % 20 === 0) {
          return payload;
        }
        omitted++;
        return null;
      });
      const pause = heard.subarray(2.2 * codec.sampleRate);
      const levels = Array.from({ length: Math.floor(pause.length / frame) }, (_, k) =>
        rms(pause.subarray(k * frame, (k + 1) * frame)),
      );
      t.diagnostic(
        `omitted ${omitted}, background ${Math.min(...levels).toFixed(0)} to ${Math.max(...levels).toFixed(0)}`,
      );
      assert.equal(playout.counts.concealed, 0);
      assert.ok(playout.active);
      assert.ok(omitted > 100, `${omitted} omitted`);
      assert.ok(Math.max(...levels) < 100);
      if (name === 'opus') {
        assert.ok(Math.min(...levels) > 0.5 * Math.max(...levels));
      }
      codec.close();
    });
  }

  test('frames that are late, or lost while the buffer is empty, still count as concealed', async () => {
    const codec = await codecs.createCodec('PCMU');
    const { playout } = play(
      codec,
      100,
      (i) => voice(codec, i),
      (i) => (i === 50 ? 70 : 0),
    );
    assert.ok(playout.counts.concealed > 0);
    codec.close();
  });
});
