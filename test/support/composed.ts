import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Positions of the black-and-white picture and of the sound are found this exactly, in seconds. */
const SOUND_STEP_S = 0.005;

export interface Probed {
  durationS: number;
  codecs: string[];
}

/** What ffprobe says about a file. Rejects if it finds an error. */
export async function probed(path: string): Promise<Probed> {
  const { stdout, stderr } = await run('ffprobe', [
    ...['-v', 'error', '-show_entries', 'format=duration:stream=codec_name', '-of', 'json', path],
  ]);
  if (stderr !== '') {
    throw new Error(stderr);
  }
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string };
    streams: Array<{ codec_name: string }>;
  };
  return { durationS: Number(format.duration), codecs: streams.map(({ codec_name: name }) => name) };
}

/**
 * When a part of the picture turns from dark to bright, in seconds.
 *
 * @param crop the part, as ffmpeg's filter takes it: width:height:x:y
 */
export async function flashesIn(path: string, crop: string): Promise<number[]> {
  const rate = 30;
  const { stdout } = await run(
    'ffmpeg',
    [
      ...[
        '-v',
        'error',
        '-i',
        path,
        '-an',
        '-vf',
        `crop=${crop},scale=1:1:flags=area,fps=${rate},format=gray`,
      ],
      ...['-f', 'rawvideo', '-'],
    ],
    { encoding: 'buffer' },
  );
  return risesIn(Array.from(stdout, (grey) => grey > 128)).map((index) => index / rate);
}

/** When the whole picture of a recorded track turns from dark to bright, in seconds, by the timestamps of its frames. */
export async function framesThatFlash(path: string): Promise<number[]> {
  const grey = ['-vf', 'scale=1:1:flags=area,format=gray', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];
  const { stdout: greys } = await run('ffmpeg', ['-v', 'error', '-i', path, ...grey], { encoding: 'buffer' });
  const { stdout: times } = await run(
    'ffprobe',
    ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  const seconds = times.trim().split('\n').map(Number.parseFloat);
  if (seconds.length !== greys.length) {
    throw new Error(`${greys.length} pictures, ${seconds.length} times`);
  }
  return risesIn(Array.from(greys, (value) => value > 128)).map((index) => seconds[index] ?? 0);
}

/** When a sound begins after silence, in seconds. */
export async function beepsIn(path: string): Promise<number[]> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-vn', '-ac', '1', '-ar', '8000', '-f', 's16le', '-'],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  const step = 8000 * SOUND_STEP_S;
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2));
  const isLoud = Array.from({ length: Math.floor(samples.length / step) }, (_, index) =>
    samples.subarray(index * step, (index + 1) * step).some((sample) => Math.abs(sample) > 3000),
  );
  // A beep has zero crossings, and the codec rings a little: a pause of 300 ms ends it.
  const gap = 0.3 / SOUND_STEP_S;
  return risesIn(
    isLoud.map((_, index) => isLoud.slice(Math.max(0, index - gap), index + 1).some(Boolean)),
  ).map((index) => index * SOUND_STEP_S);
}

/** Mean colour of a part of the picture at a position, as [red, green, blue] from 0 to 255. */
export async function colourAt(path: string, seconds: number, crop: string): Promise<number[]> {
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-v', 'error', '-ss', String(seconds), '-i', path, '-frames:v', '1'],
      ...['-vf', `crop=${crop},scale=1:1:flags=area,format=rgb24`, '-f', 'rawvideo', '-'],
    ],
    { encoding: 'buffer' },
  );
  return [...stdout];
}

function risesIn(states: readonly boolean[]): number[] {
  return states.flatMap((state, index) => (state && index > 0 && !states[index - 1] ? [index] : []));
}
