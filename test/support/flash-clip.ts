import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EncodedPacketSink, FilePathSource, Input, MATROSKA, WEBM } from 'mediabunny';
import { type Clip, type ClipFrame, ONE_LAYER } from '../../client/node/index.ts';

/** Length of the clips, in seconds, and when in them the flash and the beep begin. */
const SECONDS = 4;
const AT_S = 1;
const LONG_S = 0.2;
const SIZE = { width: 320, height: 180 };
/** Loudness of each frame of sound, in −dBov. */
const LEVEL = 20;

/** A picture that flashes, and a sound that beeps at the same moment, every four seconds. Play them with the same `beganAtMs`. */
export async function flashAndBeep(): Promise<{ flash: Clip; beep: Clip }> {
  const folder = await mkdtemp(join(tmpdir(), 'canopy-flash-'));
  const file = join(folder, 'flash.webm');
  const isOn = `between(t,${AT_S},${AT_S + LONG_S - 0.001})`;
  try {
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i'],
      `color=black:s=${SIZE.width}x${SIZE.height}:r=30:d=${SECONDS},drawbox=color=white:t=fill:enable='${isOn}'`,
      ...['-f', 'lavfi', '-i', `aevalsrc=exprs='0.5*sin(2*PI*1000*t)*${isOn}':s=48000:d=${SECONDS}`],
      ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '1', '-b:v', '300k'],
      ...['-lag-in-frames', '0', '-auto-alt-ref', '0', '-error-resilient', '1'],
      ...['-c:a', 'libopus', '-b:a', '32k', '-application', 'lowdelay', file],
    ]);
    const input = new Input({ source: new FilePathSource(file), formats: [MATROSKA, WEBM] });
    try {
      return {
        flash: await clipOf(input, 'vp8'),
        beep: await clipOf(input, 'opus'),
      };
    } finally {
      input.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function clipOf(input: Input, codec: 'vp8' | 'opus'): Promise<Clip> {
  const [clockRateHz, frameTicks] = codec === 'vp8' ? [90_000, 3000] : [48_000, 960];
  const track = codec === 'vp8' ? await input.getPrimaryVideoTrack() : await input.getPrimaryAudioTrack();
  const frames: ClipFrame[] = [];
  if (track) {
    for await (const packet of new EncodedPacketSink(track).packets()) {
      // The file's times are rounded to milliseconds.
      const timestamp = frames.length * frameTicks;
      if (timestamp < SECONDS * clockRateHz) {
        frames.push({
          ...ONE_LAYER,
          timestamp,
          // Every frame is one, so that a request for a key frame never moves the flash.
          key: packet.type === 'key',
          data: Buffer.from(packet.data),
          ...(codec === 'opus' && { audioLevel: LEVEL }),
        });
      }
    }
  }
  return {
    info: {
      codec,
      clockRateHz,
      durationTicks: SECONDS * clockRateHz,
      ...(codec === 'vp8' && { ...SIZE, scalabilityMode: 'L1T3' }),
    },
    frames,
  };
}
