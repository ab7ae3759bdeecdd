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
  process.kill(recorderPid(server), 'SIGKILL');
}

/** Process id of the recorder that runs now, or ran last. */
export function recorderPid(server: TestServer): number {
  return pids(server).at(-1) ?? 0;
}

function pids({ log }: TestServer): number[] {
  return [...log.matchAll(/"childPid":(\d+)[^\n]*recorder started/g)].map(([, pid]) => Number(pid));
}

/** Decodes a whole file as fast as possible. @returns what ffmpeg complains about; empty: nothing */
export async function decodingFaults(path: string): Promise<string> {
  const kept = ['-fps_mode', 'passthrough', '-enc_time_base', '-1'];
  const { stderr } = await run('ffmpeg', ['-v', 'error', '-i', path, ...kept, '-f', 'null', '-']);
  return stderr;
}

/** How many pictures a video has, and how many of them FFmpeg's decoder shows. */
export async function shownPictures(path: string): Promise<{ pictures: number; shown: number }> {
  const counted = [
    '-count_packets',
    '-count_frames',
    '-show_entries',
    'stream=nb_read_packets,nb_read_frames',
  ];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...counted, '-of', 'json', path]);
  const [stream] = JSON.parse(stdout).streams;
  return { pictures: Number(stream.nb_read_packets), shown: Number(stream.nb_read_frames) };
}
