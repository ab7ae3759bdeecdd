import { Codecs } from '../codecs/index.ts';
import { concat, fitTone, sine } from '../test-audio/index.ts';
import type { PhoneFigure, PhoneReport } from './figures.ts';
import { round } from './figures.ts';

const PACKETS = 100;
const FREQUENCY_HZ = 1_004;
/** Packets to skip while the codecs adapt. */
const SETTLE_PACKETS = 20;
/** Minimum SNR without artefacts at packet borders. A G.722 decoder that is reset for each packet has less than 25 dB. */
const CODECS = [
  { name: 'PCMU', sampleRate: 8_000, minDb: 35 },
  { name: 'PCMA', sampleRate: 8_000, minDb: 35 },
  { name: 'G722', sampleRate: 16_000, minDb: 40 },
  { name: 'opus', sampleRate: 8_000, minDb: 25 },
  { name: 'opus', sampleRate: 16_000, minDb: 25 },
  { name: 'opus', sampleRate: 48_000, minDb: 25 },
] as const;

/** Measures the SNR of a tone that is coded in packets of 20 ms by each codec. Clicks at packet borders would lower it. */
export async function measureTones(): Promise<PhoneReport> {
  const codecs = await Codecs.load();
  const headline: PhoneFigure[] = [];
  let met = true;
  for (const { name, sampleRate, minDb } of CODECS) {
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
    met &&= snrDb > minDb;
    headline.push({
      label: `${name} at ${sampleRate} Hz: SNR (dB)`,
      value: round(snrDb),
      goal: `> ${minDb}`,
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
