import { readFileSync } from 'node:fs';

export interface Sound {
  samples: Int16Array;
  rateHz: number;
}

/** Length of the header of a WAV file, in bytes. */
const WAV_HEADER = 44;

/** Reads a WAV file of one channel and 16 bits. */
export function readWav(file: string): Sound {
  const wav = readFileSync(file);
  const length = Math.floor((wav.length - WAV_HEADER) / 2);
  const samples = Int16Array.from({ length }, (_, n) => wav.readInt16LE(WAV_HEADER + 2 * n));
  return { samples, rateHz: wav.readUInt32LE(24) };
}

/** Length of the windows whose loudness is compared, in seconds. */
const WINDOW_SECONDS = 0.02;
/** The sound may begin anywhere in the recording: windows are tried from so many starts. */
const PHASES = 4;

/**
 * The best correlation between the loudness of a known sound and of any part of a recording, 1 being identical. Codecs, filters and levels
 * hardly affect it.
 */
export function likeness(recording: Sound, known: Sound): number {
  const { samples, rateHz } = recording;
  const short = loudness(known);
  let best = 0;
  for (let phase = 0; phase < PHASES; phase++) {
    const start = Math.round((phase / PHASES) * WINDOW_SECONDS * rateHz);
    const long = loudness({ samples: samples.subarray(start), rateHz });
    for (let at = 0; at + short.length <= long.length; at++) {
      best = Math.max(best, correlation(long.subarray(at, at + short.length), short));
    }
  }
  return best;
}

function loudness({ samples, rateHz }: Sound): Float64Array {
  const length = Math.round(rateHz * WINDOW_SECONDS);
  return Float64Array.from({ length: Math.floor(samples.length / length) }, (_, index) => {
    const stretch = samples.subarray(index * length, (index + 1) * length);
    return Math.sqrt(stretch.reduce((sum, sample) => sum + sample * sample, 0) / length);
  });
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [(a[index] ?? 0) - meanA, (b[index] ?? 0) - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb || 1);
}
