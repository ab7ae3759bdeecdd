import { join } from 'node:path';
import { EncodedPacketSink, FilePathSource, Input, MATROSKA, WEBM } from 'mediabunny';
import type { RecordedTrack, RecordingManifest } from '../../contract/index.ts';

/** A camera that sends nothing for this long, in milliseconds, is taken to be off: its last picture would only stand still. */
const OFF_MS = 3000;

/** When a track shows something. Positions in the recording, in milliseconds. */
export interface PictureSpan {
  track: RecordedTrack;
  fromMs: number;
  toMs: number;
}

/** When each track of a recording shows something. A file that cannot be read is left out. */
export async function pictureSpans(folder: string, manifest: RecordingManifest): Promise<PictureSpan[]> {
  const spans: PictureSpan[] = [];
  for (const track of manifest.tracks) {
    if (track.codec !== 'opus') {
      spans.push(...(await spansOf(folder, track)));
    }
  }
  return spans;
}

async function spansOf(folder: string, track: RecordedTrack): Promise<PictureSpan[]> {
  const { offsetMs, durationMs, source } = track;
  if (source !== 'camera') {
    // A screen may stand still for long.
    return [{ track, fromMs: offsetMs, toMs: offsetMs + durationMs }];
  }
  try {
    return spansBetween(await packetTimes(join(folder, track.file))).map(({ fromMs, toMs }) => ({
      track,
      fromMs: offsetMs + fromMs,
      toMs: offsetMs + toMs,
    }));
  } catch {
    return [];
  }
}

/** Divides times where nothing came for long. @param timesMs in order */
export function spansBetween(timesMs: readonly number[]): Array<{ fromMs: number; toMs: number }> {
  const spans: Array<{ fromMs: number; toMs: number }> = [];
  for (const timeMs of timesMs) {
    const last = spans.at(-1);
    if (last && timeMs - last.toMs < OFF_MS) {
      last.toMs = timeMs;
    } else {
      spans.push({ fromMs: timeMs, toMs: timeMs });
    }
  }
  return spans.filter(({ fromMs, toMs }) => toMs > fromMs);
}

async function packetTimes(path: string): Promise<number[]> {
  const input = new Input({ source: new FilePathSource(path), formats: [MATROSKA, WEBM] });
  try {
    const track = await input.getPrimaryVideoTrack();
    const times: number[] = [];
    if (track) {
      for await (const { timestamp } of new EncodedPacketSink(track).packets(undefined, undefined, {
        metadataOnly: true,
      })) {
        times.push(1000 * timestamp);
      }
    }
    return times;
  } finally {
    input.dispose();
  }
}
