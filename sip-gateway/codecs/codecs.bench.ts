/** CPU time of each codec operation on one 20 ms frame, in µs: `node sip-gateway/codecs/codecs.bench.ts`. */

import { sine } from '../test-audio/index.ts';
import { Codecs } from './index.ts';

const FRAMES = 5_000;

function microseconds(operation: (i: number) => void): string {
  for (let i = 0; i < FRAMES / 10; i++) {
    operation(i);
  }
  const before = process.cpuUsage();
  for (let i = 0; i < FRAMES; i++) {
    operation(i);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / FRAMES).toFixed(1);
}

/** A signal between speech and music: four partials with varying levels. */
function signal(sampleRate: number): Int16Array[] {
  const frame = sampleRate / 50;
  return Array.from({ length: 100 }, (_, k) => {
    const parts = [220, 450, 890, 1_700].map((frequencyHz) =>
      sine(frame, { frequencyHz, sampleRate, amplitude: 1_500 + 1_000 * Math.sin(k / 5), from: k * frame }),
    );
    return Int16Array.from({ length: frame }, (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0));
  });
}

for (const prefer of ['native', 'portable'] as const) {
  const codecs = await Codecs.load({ prefer });
  const rows: Record<string, Record<string, string>> = {};
  for (const name of codecs.capabilities.codecs) {
    for (const sampleRate of name === 'opus' ? [8_000, 16_000, 48_000] : [0]) {
      const codec = await codecs.createCodec(name, { sampleRate, bitrateBps: 24_000 });
      const frames = signal(codec.sampleRate);
      const packets = frames.map((frame) => codec.encode(frame).slice());
      rows[`${name} ${codec.sampleRate} Hz`] = {
        'encode (µs)': microseconds((i) => codec.encode(frames[i % 100] as Int16Array)),
        'decode (µs)': microseconds((i) => codec.decode(packets[i % 100] as Uint8Array)),
        'conceal (µs)': microseconds(() => codec.conceal(codec.sampleRate / 50)),
      };
      codec.close();
    }
  }
  for (const [from, to] of [
    [8_000, 16_000],
    [16_000, 8_000],
    [16_000, 48_000],
    [48_000, 8_000],
  ] as const) {
    const resampler = codecs.createResampler(from, to);
    const frames = signal(from);
    rows[`resample ${from} → ${to} Hz`] = {
      'process (µs)': microseconds((i) => resampler.process(frames[i % 100] as Int16Array)),
    };
    resampler.close();
  }
  console.log(codecs.capabilities.implementation, codecs.capabilities.opusVersion);
  console.table(rows);
}
