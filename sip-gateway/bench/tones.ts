import { Codecs } from '../codecs/index.ts';
import { concat, fitTone, sine } from '../test-audio/index.ts';
import type { PhoneFigure, PhoneReport } from './figures.ts';
import { round } from './figures.ts';

const PACKETS = 100;
const FREQUENCY_HZ = 1_004;
/** The codecs settle, in packets. */
const SETTLE_PACKETS = 20;
/** Least SNR that is no artefact of packet borders, in dB: a G.722 decoder that starts anew with each packet is below 25. */
const CODECS = [
  { name: 'PCMU', sampleRate: 8_000, leastDb: 35 },
  { name: 'PCMA', sampleRate: 8_000, leastDb: 35 },
  { name: 'G722', sampleRate: 16_000, leastDb: 40 },
  { name: 'opus', sampleRate: 8_000, leastDb: 25 },
  { name: 'opus', sampleRate: 16_000, leastDb: 25 },
  { name: 'opus', sampleRate: 48_000, leastDb: 25 },
] as const;

/** SNR of a tone that goes through each codec in packets of 20 ms: clicks at their borders would be noise. */
export async function measureTones(): Promise<PhoneReport> {
  const codecs = await Codecs.load();
  const headline: PhoneFigure[] = [];
  let met = true;
  for (const { name, sampleRate, leastDb } of CODECS) {
    if (!codecs.capabilities.codecs.includes(name)) {
      continue;
    }
    const codec = await codecs.createCodec(name, { sampleRate, bitrateBps: 32_000 });
    const frame = sampleRate / 50;
    const heard = Array.from({ length: PACKETS }, (_, i) =>
      codec
        .decode(codec.encode(sine(frame, { frequencyHz: FREQUENCY_HZ, sampleRate, from: i * frame })))
        .slice(),
    );
    codec.close();
    const { snrDb } = fitTone(concat(heard.slice(SETTLE_PACKETS)), sampleRate, FREQUENCY_HZ);
    met &&= snrDb > leastDb;
    headline.push({
      label: `${name} at ${sampleRate} Hz: SNR (dB)`,
      value: round(snrDb),
      goal: `> ${leastDb}`,
    });
  }
  return {
    headline,
    details: [
      { label: 'tone (Hz)', value: FREQUENCY_HZ },
      { label: 'packets', value: PACKETS },
      { label: 'Opus (bit/s)', value: 32_000 },
      { label: 'codecs', value: codecs.capabilities.implementation },
    ],
    notMeasured: [
      'Speech, loss, and perceived quality: a tone’s SNR shows only that nothing breaks at packet boundaries.',
    ],
    traps: ['Opus’s SNR depends on frequency and bitrate: compare only equal ones.'],
    met,
  };
}
