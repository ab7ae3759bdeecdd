import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clip, type ClipFrame, ONE_LAYER } from '../../client/node/index.ts';
import { Codecs } from '../../sip-gateway/index.ts';
import { opusClip } from './synthetic-clips.ts';

const run = promisify(execFile);
/** A flash and a beep begin every two seconds. */
const PERIOD_SECONDS = 2;
const SHARE_ON = 0.15;
export const BEEP_HZ = 1000;
const AMPLITUDE = 8000;
/** Level of the beep, relative to full scale. */
export const BEEP_DB = 20 * Math.log10(AMPLITUDE / 32_768);
const RATE_HZ = 16_000;
const FRAMES_PER_SECOND = 25;

/** A video that flashes and a voice that beeps at the same time, for ClipTracks with one `beganAtMs`. */
export async function flashAndBeep(folder: string): Promise<{ video: Clip; audio: Clip }> {
  const file = join(folder, 'flash.ivf');
  const dark = `drawbox=color=black:t=fill:enable='gte(t,${PERIOD_SECONDS * SHARE_ON})'`;
  const source = `color=white:s=640x360:r=25:d=${PERIOD_SECONDS},${dark}`;
  // Key frames only: a sender that is asked for one goes on with the next.
  const encoder = ['-c:v', 'libvpx', '-b:v', '400k', '-auto-alt-ref', '0', '-g', '1'];
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...encoder, '-y', file]);
  return { video: ivfClip(await readFile(file)), audio: await beeps() };
}

function ivfClip(ivf: Buffer): Clip {
  const frames: ClipFrame[] = [];
  for (let at = 32; at + 12 <= ivf.length; ) {
    const data = ivf.subarray(at + 12, at + 12 + ivf.readUInt32LE(at));
    const key = ((data[0] ?? 1) & 1) === 0;
    const timestamp = (frames.length * 90_000) / FRAMES_PER_SECOND;
    frames.push({
      ...ONE_LAYER,
      timestamp,
      key,
      temporalLayer: 0,
      discardable: false,
      layerSync: false,
      data,
    });
    at += 12 + data.length;
  }
  const durationTicks = PERIOD_SECONDS * 90_000;
  return { info: { codec: 'vp8', clockRateHz: 90_000, durationTicks, width: 640, height: 360 }, frames };
}

async function beeps(): Promise<Clip> {
  const codecs = await Codecs.load();
  const encoder = await codecs.createOpus({ bitrateBps: 64_000 });
  const packets = Array.from({ length: PERIOD_SECONDS * 50 }, (_, index) => {
    const isOn = index < PERIOD_SECONDS * 50 * SHARE_ON;
    const samples = Int16Array.from({ length: 960 }, (_, n) =>
      isOn ? Math.round(AMPLITUDE * Math.sin((2 * Math.PI * BEEP_HZ * (index * 960 + n)) / 48_000)) : 0,
    );
    return { audioLevel: isOn ? 15 : 60, data: Buffer.from(encoder.encode(samples)) };
  });
  encoder.close();
  return opusClip(packets);
}

/** What a file with that video and voice has. Times are seconds from its start. */
export interface FlashesAndBeeps {
  /** When each flash begins: at the first bright picture after a dark one. */
  flashes: number[];
  beeps: number[];
  /** The sound, 16 bits, mono. */
  samples: Float64Array;
  rateHz: number;
}

/** Decodes and measures a file or URL. */
export async function measureFlashes(input: string): Promise<FlashesAndBeeps> {
  const decode = async (...flags: string[]) => {
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', input, ...flags, '-'], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    });
    return stdout;
  };
  // Both begin at the start of the file, not of their stream.
  const video = 'crop=iw/4:ih/4,scale=1:1,format=gray,fps=25:start_time=0';
  const grey = await decode('-map', '0:v:0', '-vf', video, '-f', 'rawvideo');
  const audio = 'aresample=16000:async=1:first_pts=0,aformat=channel_layouts=mono';
  const pcm = await decode('-map', '0:a:0', '-af', audio, '-f', 's16le');
  const samples = Float64Array.from({ length: pcm.length / 2 }, (_, n) => pcm.readInt16LE(2 * n));
  const window = RATE_HZ / 100;
  const loudness = Array.from({ length: Math.floor(samples.length / window) }, (_, n) =>
    Math.max(...samples.subarray(n * window, (n + 1) * window).map(Math.abs)),
  );
  return {
    flashes: rises([...grey], 128).map((frame) => frame / FRAMES_PER_SECOND),
    beeps: rises(loudness, AMPLITUDE / 4).map((index) => index / 100),
    samples,
    rateHz: RATE_HZ,
  };
}

/** Where values rise over a threshold. What begins above it counts from its next rise. */
function rises(values: readonly number[], threshold: number): number[] {
  return values.flatMap((value, n) =>
    n > 0 && value >= threshold && (values[n - 1] ?? 0) < threshold ? [n] : [],
  );
}
