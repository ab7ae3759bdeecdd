import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Codecs } from '../codecs/index.ts';
import { MIX_RATES_HZ } from '../media/index.ts';
import { fitTone } from '../test-audio/index.ts';
import { loadHoldMusic } from './load-hold-music.ts';

const TONE_HZ = 500;
const AMPLITUDE = 8000;

interface Layout {
  sampleRate: number;
  bits?: number;
  channels?: number;
  seconds?: number;
  /** Default: PCM. */
  tag?: number;
  extensible?: boolean;
}

/** A WAV file with a tone; in the second channel it is silent. */
function wav({
  sampleRate,
  bits = 16,
  channels = 1,
  seconds = 1,
  tag = 1,
  extensible = false,
}: Layout): Buffer {
  const bytes = bits / 8;
  const count = Math.round(seconds * sampleRate);
  const data = Buffer.alloc(count * channels * bytes, bits === 8 ? 128 : 0);
  for (let n = 0; n < count; n++) {
    const sample = AMPLITUDE * channels * Math.sin((2 * Math.PI * TONE_HZ * n) / sampleRate);
    const at = n * channels * bytes;
    if (bits === 8) {
      data[at] = 128 + Math.round(sample / 256);
    } else {
      data.writeIntLE(Math.round(sample * 2 ** (bits - 16)), at, bytes);
    }
  }
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(sampleRate, 4);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(tag, 24);
  }
  const chunk = (name: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(name, 0, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const body = Buffer.concat([
    Buffer.from('WAVE', 'latin1'),
    chunk('fmt ', format),
    chunk('LIST', Buffer.from('INFO!')),
    chunk('data', data),
  ]);
  return chunk('RIFF', body);
}

describe('hold music', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-music-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function load(file: Buffer, codecs: Codecs) {
    const path = join(folder, 'music.wav');
    await writeFile(path, file);
    return loadHoldMusic(path, codecs);
  }

  for (const layout of [
    { sampleRate: 8000 },
    { sampleRate: 8000, bits: 8 },
    { sampleRate: 16_000, bits: 24, channels: 2 },
    { sampleRate: 11_025 },
    { sampleRate: 22_050, channels: 2 },
    { sampleRate: 44_100, channels: 2, extensible: true },
    { sampleRate: 48_000, bits: 32 },
  ]) {
    for (const prefer of ['native', 'portable'] as const) {
      it(`${JSON.stringify(layout)} is decoded to the rates of all rooms (${prefer})`, async () => {
        const music = await load(wav(layout), await Codecs.load({ prefer }));
        for (const rate of MIX_RATES_HZ) {
          const samples = music[rate];
          assert.ok(Math.abs(samples.length / rate - 1) < 0.01, `${rate} Hz: ${samples.length} samples`);
          const { amplitude, snrDb } = fitTone(samples.subarray(rate / 10, -rate / 10), rate, TONE_HZ);
          assert.ok(Math.abs(amplitude / AMPLITUDE - 1) < 0.03, `${rate} Hz: amplitude ${amplitude}`);
          assert.ok(snrDb > 30, `${rate} Hz: ${snrDb} dB`);
        }
      });
    }
  }

  it('a file that is no such sound is refused, with the reason', async () => {
    const codecs = await Codecs.load();
    const refused = (file: Buffer, detail: RegExp) =>
      assert.rejects(load(file, codecs), { code: 'FILE_UNUSABLE', detail });
    await refused(
      Buffer.from('ID3, music of another kind'),
      /sip\.holdMusic: .*music\.wav: this is no WAV file/,
    );
    await refused(Buffer.alloc(0), /no WAV file/);
    await refused(wav({ sampleRate: 8000, tag: 7 }), /no PCM samples/);
    await refused(wav({ sampleRate: 96_000 }), /96000 Hz is not supported/);
    await refused(wav({ sampleRate: 8000, seconds: 0.05 }), /0\.1 s to 10 minutes/);
    await refused(wav({ sampleRate: 8000, seconds: 601 }), /0\.1 s to 10 minutes/);
    await refused(wav({ sampleRate: 8000 }).subarray(0, 30), /format|no samples/);
    const absent = join(folder, 'absent.wav');
    await assert.rejects(loadHoldMusic(absent, codecs), {
      code: 'FILE_UNUSABLE',
      detail: /absent\.wav: ENOENT/,
    });
  });
});
