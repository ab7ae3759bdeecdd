import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RecordingManifest } from '../../contract/index.ts';

const FILE = '001-camera.webm';

/** A recording of a room that ended earlier, with one track of random bytes, as a server that does not run has left it. */
export function addPastRecording(
  { dataDir, dir = join(dataDir, 'recordings') }: { dataDir: string; dir?: string },
  { roomId, bytes }: { roomId: string; bytes: number },
): { recordingId: string; content: Buffer; file: string } {
  const recordingId = randomUUID();
  const content = randomBytes(bytes);
  const folder = join(dir, recordingId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, FILE), content);
  const [startedAtMs, endedAtMs] = [Date.now() - 60_000, Date.now() - 1000];
  const manifest: RecordingManifest = {
    ...{
      version: 1,
      recordingId,
      roomId,
      mode: 'video',
      startedAtMs,
      endedAtMs,
      durationMs: 59_000,
      pauses: [],
      eventBytes: 0,
    },
    tracks: [
      {
        ...{ file: FILE, codec: 'vp8', participantId: randomUUID(), displayName: 'Ann', source: 'camera' },
        ...{ offsetMs: 0, durationMs: 59_000, bytes, isComplete: true },
      },
    ],
  };
  writeFileSync(join(folder, 'recording.json'), JSON.stringify(manifest));
  const database = new DatabaseSync(join(dataDir, 'canopy.sqlite'), { timeout: 5000 });
  database
    .prepare(
      `INSERT INTO recordings (recording_id, room_id, status, mode, "full", started_at_ms, ended_at_ms, duration_ms, bytes, reason)
       VALUES (?, ?, 'ended', 'video', 0, ?, ?, 59000, ?, 'stopped')`,
    )
    .run(recordingId, roomId, startedAtMs, endedAtMs, bytes);
  database.close();
  return { recordingId, content, file: FILE };
}
