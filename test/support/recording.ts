import { readFile } from 'node:fs/promises';
import { dominantTone, type HeardTone, NO_TONE } from './heard-tone.ts';
import { eventually } from './wait.ts';

/** Length of the header of a WAV file, in bytes. */
const WAV_HEADER = 44;

/** What a softphone has heard, as far as it is written to disk. */
export interface Recording {
  file: string | undefined;
  /** The first channel. */
  samples: Int16Array;
  /** 0: nothing recorded yet. */
  rateHz: number;
}

/** Reads a WAV file of 16-bit samples that may still be growing. */
export async function readRecording(file: string | undefined): Promise<Recording> {
  const wav = file === undefined ? Buffer.alloc(0) : await readFile(file).catch(() => Buffer.alloc(0));
  if (wav.length < WAV_HEADER) {
    return { file, samples: new Int16Array(0), rateHz: 0 };
  }
  const channels = wav.readUInt16LE(22);
  const length = Math.floor((wav.length - WAV_HEADER) / 2 / channels);
  const samples = Int16Array.from({ length }, (_, n) => wav.readInt16LE(WAV_HEADER + 2 * channels * n));
  return { file, samples, rateHz: wav.readUInt32LE(24) };
}

/** Waits until `isRight` accepts one full second of the recording after this call. */
export async function hearInRecording(
  what: string,
  read: () => Promise<Recording>,
  isRight: (tone: HeardTone) => boolean,
): Promise<HeardTone> {
  const before = await read();
  return eventually(
    what,
    async () => {
      const { file, samples, rateHz } = await read();
      const since = samples.length - (file === before.file ? before.samples.length : 0);
      if (rateHz === 0 || since < rateHz) {
        return NO_TONE;
      }
      return dominantTone(Float64Array.from(samples.subarray(-rateHz)), rateHz);
    },
    isRight,
  );
}
