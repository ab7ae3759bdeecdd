import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { VideoCodec } from '../../base/rtp/index.ts';
import type { Recording } from './stream-recorder.ts';

export interface DecodeResult {
  /** Frames given to the decoder. */
  sentFrames: number;
  decodedFrames: number;
  /** The decoder's warnings and errors; empty for a clean stream. */
  complaints: string[];
  /** Frames that differ from the previous one: a frozen or grey stream has few. */
  distinctFrames: number;
}

const FOURCC: Record<VideoCodec, string> = { vp8: 'VP80', vp9: 'VP90', h264: 'H264' };

/** Decodes a recording with ffmpeg (VP9 with libvpx, which shows the highest spatial layer only), to prove that it is video. */
export async function decode(recording: Recording): Promise<DecodeResult> {
  const decoder = recording.codec === 'vp9' ? ['-c:v', 'libvpx-vp9'] : [];
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-threads', '1', '-f', 'ivf', ...decoder, '-i', '-'],
      ...['-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const closed = once(ffmpeg, 'close');
  ffmpeg.stdin.on('error', () => ffmpeg.kill());
  ffmpeg.stdin.end(ivf(recording));
  const [output, messages] = await Promise.all([text(ffmpeg.stdout), text(ffmpeg.stderr), closed]);
  const hashes = output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim());
  return {
    sentFrames: recording.frames.length,
    decodedFrames: hashes.length,
    complaints: messages.split('\n').filter((line) => line !== ''),
    distinctFrames: hashes.filter((hash, index) => hash !== hashes[index - 1]).length,
  };
}

/** The IVF container: a file header, then each frame with its length and a 90 kHz timestamp. */
function ivf({ codec, frames }: Recording): Buffer {
  const head = Buffer.alloc(32);
  head.write('DKIF', 0);
  head.writeUInt16LE(32, 6);
  head.write(FOURCC[codec], 8);
  head.writeUInt32LE(90_000, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(frames.length, 24);
  const parts: Buffer[] = [head];
  const firstTimestamp = frames[0]?.timestamp ?? 0;
  for (const { timestamp, data } of frames) {
    const frameHead = Buffer.alloc(12);
    frameHead.writeUInt32LE(data.length, 0);
    frameHead.writeUInt32LE((timestamp - firstTimestamp) >>> 0, 4);
    parts.push(frameHead, data);
  }
  return Buffer.concat(parts);
}
