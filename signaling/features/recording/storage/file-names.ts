import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { COMPOSITION_TYPES, EVENTS, openKept, TRACK_FILE } from '../kept-files.ts';
import { MANIFEST } from '../recording-folder.ts';

const TYPES: Record<string, string> = {
  ...COMPOSITION_TYPES,
  mkv: 'video/x-matroska',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
};

/** Whether a file says what a recording consists of. Such files are small, and stay in the folder too. */
export function isListing(name: string): boolean {
  return name === MANIFEST || name === EVENTS;
}

/** The media type of a file. */
export function typeOfFile(name: string): string {
  return TYPES[extname(name).slice(1)] ?? 'application/octet-stream';
}

/** The files of a recording that has ended, with their sizes in bytes: what the recorder wrote, and no links. */
export async function uploadableFiles(folder: string): Promise<Array<{ name: string; bytes: number }>> {
  const names = await readdir(folder).catch(() => []);
  const files: Array<{ name: string; bytes: number }> = [];
  for (const name of names.filter((each) => isListing(each) || TRACK_FILE.test(each))) {
    const kept = await openKept(folder, name);
    if (kept) {
      await kept.handle.close();
      files.push({ name, bytes: kept.size });
    }
  }
  return files;
}
