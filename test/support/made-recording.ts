import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RecordedTrack, RecordingEvent, RecordingManifest } from '../../contract/index.ts';

const run = promisify(execFile);

/** A track whose file ffmpeg makes from its test sources: pictures one after another, whose sizes may differ, or a sound. */
export type MadeTrack = Pick<RecordedTrack, 'participantId' | 'displayName' | 'source' | 'offsetMs'> & {
  durationMs: number;
  sources: string[];
};

/** Writes a recording's folder as the recorder leaves it, with known pictures and sounds. */
export async function makeRecording(
  folder: string,
  made: { durationMs: number; tracks: MadeTrack[]; events: RecordingEvent[] },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tracks: RecordedTrack[] = [];
  for (const [index, { sources, ...track }] of made.tracks.entries()) {
    const isSound = track.source === 'microphone';
    const file = `${String(index + 1).padStart(3, '0')}-${track.source}.webm`;
    const encoder = isSound
      ? ['-c:a', 'libopus', '-ac', '2', '-application', 'lowdelay']
      : ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60', '-b:v', '500k'];
    const parts = sources.map((_, part) => `${file}.${part}`);
    for (const [part, source] of sources.entries()) {
      const to = ['-f', 'webm', join(folder, parts[part] ?? '')];
      await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...encoder, ...to]);
    }
    const list = join(folder, `${file}.parts`);
    await writeFile(list, parts.map((part) => `file ${part}\n`).join(''));
    await run('ffmpeg', ['-v', 'error', '-y', '-f', 'concat', '-i', list, '-c', 'copy', join(folder, file)]);
    tracks.push({ ...track, file, codec: isSound ? 'opus' : 'vp8', bytes: 1, isComplete: true });
  }
  const manifest: RecordingManifest = {
    ...{ version: 1, recordingId: 'made', roomId: 'made', mode: 'video', pauses: [], tracks, eventBytes: 0 },
    ...{ startedAtMs: 0, endedAtMs: made.durationMs, durationMs: made.durationMs },
  };
  await writeFile(join(folder, 'recording.json'), JSON.stringify(manifest));
  await writeFile(
    join(folder, 'events.jsonl'),
    made.events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  );
}
