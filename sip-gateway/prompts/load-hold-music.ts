import { readFile, stat } from 'node:fs/promises';
import { CanopyError, describeFileError } from '../../base/index.ts';
import type { Codecs } from '../codecs/index.ts';
import { type HoldMusic, MIX_RATES_HZ } from '../media/index.ts';
import { readWavFile, type WavSound } from './wav.ts';

const MIN_SECONDS = 0.1;
const MAX_SECONDS = 600;
/** Ten minutes of 48 kHz stereo in 32 bits, and some headers. */
const MAX_BYTES = 240_000_000;

/** Reads the operator's sound file once, for all phones. @throws {CanopyError} FILE_UNUSABLE - it cannot be read, or is no such sound */
export async function loadHoldMusic(file: string, codecs: Codecs): Promise<HoldMusic> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) {
      throw new RangeError(`the file has more than ${MAX_BYTES / 1e6} MB`);
    }
    const sound = readWavFile(await readFile(file));
    check(sound);
    const entries = MIX_RATES_HZ.map((rate) => [rate, resample(sound, rate, codecs)] as const);
    return Object.fromEntries(entries) as unknown as HoldMusic;
  } catch (error) {
    const why = error instanceof RangeError ? `${file}: ${error.message}` : describeFileError(file, error);
    throw new CanopyError('FILE_UNUSABLE', `sip.holdMusic: ${why}`, { cause: error });
  }
}

function check({ samples, sampleRate }: WavSound): void {
  if (sampleRate < 8000 || sampleRate > 48_000 || sampleRate % 25 !== 0) {
    throw new RangeError(`a rate of ${sampleRate} Hz is not supported; convert the file to 8 to 48 kHz`);
  }
  const seconds = samples.length / sampleRate;
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
    throw new RangeError(`${Math.round(seconds * 10) / 10} s is not 0.1 s to 10 minutes`);
  }
}

function resample(
  { samples, sampleRate }: WavSound,
  toHz: number,
  codecs: Codecs,
): Int16Array<SharedArrayBuffer> {
  const length = Math.ceil((samples.length * toHz) / sampleRate) + 2;
  const out = new Int16Array(new SharedArrayBuffer(2 * length));
  const resampler = sampleRate === toHz ? undefined : codecs.createResampler(sampleRate, toHz);
  let written = 0;
  for (let at = 0; at < samples.length; at += sampleRate) {
    const second = Int16Array.from(samples.subarray(at, at + sampleRate));
    const part = resampler?.process(second) ?? second;
    out.set(part, written);
    written += part.length;
  }
  resampler?.close();
  return out.subarray(0, written);
}
