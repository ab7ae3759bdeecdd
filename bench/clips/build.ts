import { readFile } from 'node:fs/promises';
import { nalUnits } from '../../base/rtp/index.ts';
import { type Clip, type ClipFrame, type ClipInfo, ONE_LAYER } from '../../client/node/index.ts';
import { cached } from './cache.ts';
import { type Command, runPipeline } from './pipeline.ts';
import { FRAMES_PER_SECOND, KEY_INTERVAL_FRAMES, type Recipe, VIDEO_SECONDS } from './recipes.ts';

const TICKS_PER_FRAME = 90_000 / FRAMES_PER_SECOND;
const OPUS_FRAME_TICKS = 960;
const OPUS_BITRATE_BPS = 32_000;

/** Makes a clip from its recipe, by real encoders. */
export async function buildClip(recipe: Recipe): Promise<Clip> {
  switch (recipe.kind) {
    case 'vp8':
    case 'vp9':
      return buildVpx(recipe);
    case 'h264':
      return buildH264(recipe);
    case 'speech':
      return buildOpus([
        ['espeak-ng', '-m', '-v', recipe.voice, '-s', '150', '--stdout', recipe.text],
        ['ffmpeg', '-v', 'error', '-i', '-', '-af', 'apad=pad_dur=2', ...PCM_OUTPUT],
      ]);
    case 'silence': {
      const input = `anullsrc=r=48000:cl=mono:d=${recipe.seconds}`;
      return buildOpus([['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', input, ...PCM_OUTPUT]]);
    }
    case 'onset':
      // The second of two rounds: the encoder has adapted to the noise and is in DTX when the sound begins.
      return buildOpus([onset(recipe)], recipe.seconds);
  }
}

/** Harmonics of 140 Hz at −20 dBov in total, over noise at −66 dBov. */
function onset({ atSeconds, lengthSeconds, seconds }: Extract<Recipe, { kind: 'onset' }>): Command {
  const harmonics = [1, 2, 3, 5, 8, 13].map((factor) => `sin(2*PI*${140 * factor}*t)/${factor}`);
  const voice = `0.1*(${harmonics.join('+')})*between(mod(t,${seconds}),${atSeconds},${atSeconds + lengthSeconds})`;
  const source = `aevalsrc=exprs='${voice}+0.001*(random(0)-0.5)':s=48000:d=${2 * seconds}`;
  return ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', source, ...PCM_OUTPUT];
}

const PCM_OUTPUT = ['-ar', '48000', '-ac', '1', '-f', 's16le', '-'];

/** A moving picture with detail, from ffmpeg's test sources. */
function picture({ width, height }: { width: number; height: number }): Command {
  const source = `testsrc2=size=${width}x${height}:rate=${FRAMES_PER_SECOND}:duration=${VIDEO_SECONDS}`;
  return ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p'];
}

/** Compiles a C program in this folder, once. */
async function program(name: 'encode-video' | 'encode-opus', libraries: string[]): Promise<string> {
  const source = new URL(`${name}.c`, import.meta.url);
  const code = await readFile(source, 'utf8');
  return cached('programs', name, { code }, async (file) => {
    await runPipeline([['cc', '-O2', '-o', file, source.pathname, ...libraries]]);
  });
}

async function buildVpx(recipe: Extract<Recipe, { kind: 'vp8' | 'vp9' }>): Promise<Clip> {
  const { kind, width, height } = recipe;
  const encoder = await program('encode-video', ['-lvpx']);
  const rates = [recipe.kbps].flat().map(String);
  const output = await runPipeline([
    [...picture(recipe), '-f', 'rawvideo', '-'],
    [encoder, kind, `${width}`, `${height}`, `${FRAMES_PER_SECOND}`, `${KEY_INTERVAL_FRAMES}`, ...rates],
  ]);
  const frames = records(output).map(
    ({ number, flags, detail, data }): ClipFrame => ({
      ...ONE_LAYER,
      timestamp: number * TICKS_PER_FRAME,
      key: (flags & 1) !== 0,
      discardable: (flags & 2) !== 0,
      layerSync: (flags & 4) !== 0,
      interLayerPredicted: (flags & 8) !== 0,
      notUsedAbove: (flags & 16) !== 0,
      endOfPicture: (flags & 32) !== 0,
      temporalLayer: detail >> 4,
      spatialLayer: detail & 0x0f,
      data,
    }),
  );
  const resolutions = [4, 2, 1].map((divisor) => ({ width: width / divisor, height: height / divisor }));
  return {
    info: {
      ...videoInfo(kind, recipe),
      scalabilityMode: kind === 'vp9' ? 'L3T3_KEY' : 'L1T3',
      ...(kind === 'vp9' && { resolutions }),
    },
    frames,
  };
}

async function buildH264(recipe: Extract<Recipe, { kind: 'h264' }>): Promise<Clip> {
  const { kbps } = recipe;
  const key = `keyint=${KEY_INTERVAL_FRAMES}:min-keyint=${KEY_INTERVAL_FRAMES}:scenecut=0`;
  const output = await runPipeline([
    [
      ...picture(recipe),
      ...['-c:v', 'libx264', '-profile:v', 'baseline', '-level', '3.1', '-preset', 'veryfast'],
      ...['-tune', 'zerolatency', '-threads', '1', '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`],
      ...['-bufsize', `${kbps}k`, '-x264-params', `${key}:aud=1:sliced-threads=0`, '-f', 'h264', '-'],
    ],
  ]);
  const ACCESS_UNIT_DELIMITER = 9;
  const SUPPLEMENTAL_INFORMATION = 6;
  const IDR = 5;
  const units: Buffer[][] = [];
  for (const unit of nalUnits(output)) {
    const type = (unit[0] as number) & 0x1f;
    if (type === ACCESS_UNIT_DELIMITER) {
      units.push([]);
    } else if (type !== SUPPLEMENTAL_INFORMATION) {
      units.at(-1)?.push(unit);
    }
  }
  const startCode = Buffer.from([0, 0, 0, 1]);
  const frames = units.map(
    (parts, index): ClipFrame => ({
      ...ONE_LAYER,
      timestamp: index * TICKS_PER_FRAME,
      key: parts.some((unit) => ((unit[0] as number) & 0x1f) === IDR),
      data: Buffer.concat(parts.flatMap((unit) => [startCode, unit])),
    }),
  );
  return { info: videoInfo('h264', recipe), frames };
}

function videoInfo(codec: 'vp8' | 'vp9' | 'h264', size: { width: number; height: number }): ClipInfo {
  const { width, height } = size;
  return { codec, clockRateHz: 90_000, durationTicks: VIDEO_SECONDS * 90_000, width, height };
}

/** @param skipSeconds - how much is encoded first and dropped. */
async function buildOpus(source: Command[], skipSeconds = 0): Promise<Clip> {
  const encoder = await program('encode-opus', ['-lopus', '-lm']);
  const pcm = await runPipeline(source);
  const frameCount = Math.floor(pcm.length / 2 / OPUS_FRAME_TICKS);
  const output = await runPipeline([...source, [encoder, `${OPUS_BITRATE_BPS}`]]);
  const skippedFrames = skipSeconds * (48_000 / OPUS_FRAME_TICKS);
  const kept = records(output).filter(({ number }) => number >= skippedFrames);
  const frames = kept.map(
    ({ number, flags, data }): ClipFrame => ({
      ...ONE_LAYER,
      timestamp: (number - skippedFrames) * OPUS_FRAME_TICKS,
      key: true,
      audioLevel: flags,
      data,
    }),
  );
  return {
    info: {
      codec: 'opus',
      clockRateHz: 48_000,
      durationTicks: (frameCount - skippedFrames) * OPUS_FRAME_TICKS,
    },
    frames,
  };
}

/** The records that the C programs write. */
function records(output: Buffer): Array<{ number: number; flags: number; detail: number; data: Buffer }> {
  const found = [];
  for (let offset = 0; offset + 10 <= output.length; ) {
    const length = output.readUInt32BE(offset);
    found.push({
      number: output.readUInt32BE(offset + 4),
      flags: output[offset + 8] as number,
      detail: output[offset + 9] as number,
      data: output.subarray(offset + 10, offset + 10 + length),
    });
    offset += 10 + length;
  }
  return found;
}
