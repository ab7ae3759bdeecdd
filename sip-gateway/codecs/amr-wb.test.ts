import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ffmpeg, fitTone, sine, toSamples } from '../test-audio/index.ts';
import { frameHead, readAmrWb, writeAmrWb } from './amr-wb-payload.ts';
import { type AmrWbSettings, buildNativeCodecs, type Codec, Codecs } from './index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');
const codecs = await Codecs.load();
const FRAME = 320;

const tone = (frames: number, from = 0) =>
  sine(frames * FRAME, { frequencyHz: 700, sampleRate: 16_000, from: from * FRAME });

/** The modes of the frames in payloads. */
function modesOf(payloads: readonly Uint8Array[], octetAligned = false): number[] {
  return payloads.flatMap((payload) =>
    readAmrWb(payload, octetAligned).frames.map(([head = 0]) => (head >> 3) & 15),
  );
}

function encode(codec: Codec, packets: number): Uint8Array[] {
  return Array.from({ length: packets }, (_, i) => codec.encode(tone(1, i)).slice());
}

const withCodec = async (settings: AmrWbSettings, work: (codec: Codec) => void) => {
  const codec = await codecs.createCodec('AMR-WB', { amr: settings });
  work(codec);
  codec.close();
};

describe('AMR-WB', () => {
  test('payloads are laid out as in RFC 4867, and damaged, lost and absent frames become empty ones', () => {
    // Bandwidth-efficient (§4.3): CMR 1 (4 bits), then F=0 FT=9 Q=1, then 40 bits of ones, then 6 bits of padding.
    const efficient = Uint8Array.of(0b0001_0100, 0b11_111111, 0xff, 0xff, 0xff, 0xff, 0b11_000000);
    const sid = Uint8Array.of(0x4c, 0xff, 0xff, 0xff, 0xff, 0xff);
    assert.deepEqual(readAmrWb(efficient, false), { request: 1, frames: [Buffer.from(sid)] });
    // Octet-aligned (§4.4): CMR 15; F=1 FT=9 Q=0; F=1 FT=15; F=1 FT=14; F=0 FT=9 Q=1.
    const aligned = Uint8Array.of(0xf0, 0xc8, 0xfc, 0xf4, 0x4c, ...[1, 2, 3, 4, 5], ...[5, 4, 3, 2, 1]);
    const { request, frames } = readAmrWb(aligned, true);
    assert.equal(request, undefined);
    const empty = [...frameHead(15)];
    assert.deepEqual(
      frames.map((frame) => [...frame]),
      [empty, empty, empty, [0x4c, 5, 4, 3, 2, 1]],
    );
    for (const octetAligned of [false, true]) {
      const payload = writeAmrWb([sid, sid, frameHead(15)], octetAligned);
      assert.equal(payload.length, octetAligned ? 4 + 10 : Math.ceil((4 + 3 * 6 + 80) / 8));
      assert.deepEqual(
        readAmrWb(payload, octetAligned).frames.map((frame) => [...frame]),
        [[...sid], [...sid], empty],
      );
    }
  });

  test('payloads that are too short or too long, or have reserved types, are refused', () => {
    for (const payload of [
      [],
      [0xf0],
      [0xf0, 0x4c, 1, 2, 3, 4],
      [0xf0, 0x4c, 1, 2, 3, 4, 5, 6],
      [0xf0, 0x54],
      [0xf0, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0x7c],
    ]) {
      assert.throws(() => readAmrWb(Uint8Array.from(payload), true), RangeError);
    }
    assert.throws(() => readAmrWb(Uint8Array.of(0xf4, 0xc0), false), RangeError);
  });

  test('another decoder hears in every mode what we encode', async (t) => {
    for (let mode = 0; mode <= 8; mode++) {
      const frames: Uint8Array[] = [];
      await withCodec({ modes: [mode] }, (codec) => {
        for (const payload of encode(codec, 100)) {
          frames.push(...readAmrWb(payload, false).frames);
        }
      });
      assert.ok(frames.every(([head = 0]) => head >> 3 === mode));
      const file = Buffer.concat([Buffer.from('#!AMR-WB\n'), ...frames]);
      const pcm = await ffmpeg(file, '-f', 'amr', '-i', 'pipe:0', '-f', 's16le');
      const fit = fitTone(toSamples(pcm).subarray(8_000), 16_000, 700);
      t.diagnostic(`mode ${mode}: SNR ${fit.snrDb.toFixed(1)} dB, amplitude ${fit.amplitude.toFixed(0)}`);
      assert.ok(fit.snrDb > 10 && Math.abs(fit.frequencyHz - 700) < 1);
      // The lower modes lose some level.
      assert.ok(Math.abs(fit.amplitude / 8_000 - 1) < 0.4);
    }
  });

  test('comfort noise keeps sounding between its frames, and fades out without them', async () => {
    await withCodec({}, (codec) => {
      const noise = Uint8Array.from([0xf4, 0xc0 | 0x20, 0x31, 0x42, 0x53, 0x64, 0x40]);
      for (const payload of encode(codec, 20)) {
        codec.decode(payload);
      }
      const { frames } = readAmrWb(noise, false);
      assert.equal((frames[0]?.[0] ?? 0) >> 3, 9);
      assert.equal(codec.decode(noise).length, FRAME);
      assert.equal(codec.conceal(7 * FRAME - FRAME).length, 6 * FRAME);
    });
  });

  test('the phone’s request for a mode is passed on, and followed within the modes that it permits', async () => {
    await withCodec({ modes: [0, 2, 5] }, (codec) => {
      assert.deepEqual(modesOf(encode(codec, 2)), [5, 5]);
      // CMR 3: the next lower one is 2.
      codec.decode(Uint8Array.of(0x30 | 0b0_111 | 0, 0b1_1_000000));
      assert.equal(codec.requestedMode, 3);
      codec.requestMode?.(3);
      assert.deepEqual(modesOf(encode(codec, 1)), [2]);
      codec.decode(Uint8Array.of(0xf0 | 0b0_111, 0b1_1_000000));
      assert.equal(codec.requestedMode, undefined);
    });
    await withCodec({ changePeriod: 2, toNeighbours: true }, (codec) => {
      encode(codec, 1);
      codec.requestMode?.(5);
      assert.deepEqual(modesOf(encode(codec, 7)), [8, 7, 7, 6, 6, 5, 5]);
    });
    await assert.rejects(codecs.createCodec('AMR-WB', { amr: { modes: [9] } }), RangeError);
  });
});
