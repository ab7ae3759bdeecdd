import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RecordingManifest, recordingManifest } from '../../contract/index.ts';
import type { TestServer } from './server.ts';

const run = promisify(execFile);

/** The list of a recording's tracks, as it is on disk now. @param dir `recording.dir`, if it is set */
export async function readManifest(
  { dataDir }: TestServer,
  recordingId: string,
  dir = join(dataDir, 'recordings'),
): Promise<RecordingManifest> {
  const path = join(dir, recordingId, 'recording.json');
  return recordingManifest.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** How often the recorder has started, from the server's log. */
export function recorderStarts(server: TestServer): number {
  return pids(server).length;
}

/** Kills the recorder, like a crash. */
export function killRecorder(server: TestServer): void {
  process.kill(pids(server).at(-1) ?? 0, 'SIGKILL');
}

function pids({ log }: TestServer): number[] {
  return [...log.matchAll(/"childPid":(\d+)[^\n]*recorder started/g)].map(([, pid]) => Number(pid));
}

/** Decodes a whole file as fast as possible. @returns what ffmpeg complains about; empty: nothing */
export async function decodingFaults(path: string, { decoder }: { decoder?: string } = {}): Promise<string> {
  const chosen = decoder === undefined ? [] : ['-c:v', decoder];
  const kept = ['-fps_mode', 'passthrough', '-enc_time_base', '-1'];
  const { stderr } = await run('ffmpeg', ['-v', 'error', ...chosen, '-i', path, ...kept, '-f', 'null', '-']);
  return stderr;
}
