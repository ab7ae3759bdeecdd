import { Codecs } from '../../sip-gateway/index.ts';

const KEYS = ['123A', '456B', '789C', '*0#D'];
const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];

/** The two tones of a telephone key (ITU-T Q.23), each of this amplitude. */
export function keyTones(
  key: string,
  milliseconds: number,
  sampleRate: number,
  amplitude = 6000,
): Int16Array {
  const row = KEYS.findIndex((keys) => keys.includes(key));
  const frequencies = [ROWS_HZ[row] ?? 0, COLUMNS_HZ[KEYS[row]?.indexOf(key) ?? 0] ?? 0];
  return Int16Array.from({ length: (sampleRate * milliseconds) / 1000 }, (_, i) =>
    frequencies.reduce(
      (sum, frequencyHz) =>
        sum + Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRate)),
      0,
    ),
  );
}

/** Keys of 100 ms with pauses as long, in PCMU: a file that sipp plays. */
export async function pcmuOfKeys(keys: string): Promise<Buffer> {
  const pcmu = await (await Codecs.load()).createCodec('PCMU');
  const signal = [...keys].flatMap((key) => [keyTones(key, 100, 8000), new Int16Array(800)]);
  return Buffer.concat(signal.map((samples) => Buffer.from(pcmu.encode(samples))));
}
