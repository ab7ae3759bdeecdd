import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  type CompositionFormat,
  type RecordedTrack,
  type RecordingManifest,
  recordingManifest,
} from '../../../contract/index.ts';
import { MANIFEST } from './recording-folder.ts';

export const EVENTS = 'events.jsonl';

/** What the recorder calls its files. */
export const TRACK_FILE = /^\d{3,6}-[a-z-]{1,20}\.(webm|mkv)$/;

/** A file of a recording, opened to be read. Close `handle`. */
export interface KeptFile {
  handle: FileHandle;
  /** In bytes. */
  size: number;
}

/** The list of a recording's tracks; undefined: nothing was recorded, or the list is damaged. */
export async function readManifest(folder: string): Promise<RecordingManifest | undefined> {
  const file = await openKept(folder, MANIFEST);
  if (!file) {
    return undefined;
  }
  try {
    const { success, data } = recordingManifest.safeParse(JSON.parse(await file.handle.readFile('utf8')));
    return success
      ? { ...data, tracks: data.tracks.filter(({ file: name }) => TRACK_FILE.test(name)) }
      : undefined;
  } catch {
    return undefined;
  } finally {
    await file.handle.close();
  }
}

/**
 * Opens a file of a recording. Links are not followed, and nothing but a file is read.
 *
 * @param name from the manifest or this module, never from a request
 * @returns undefined: there is none
 */
export async function openKept(folder: string, name: string): Promise<KeptFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    if (!(await lstat(folder)).isDirectory()) {
      return undefined;
    }
    // A pipe would block without O_NONBLOCK.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    handle = await open(join(folder, name), flags);
    const stats = await handle.stat();
    if (stats.isFile()) {
      return { handle, size: stats.size };
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ELOOP') {
      await handle?.close();
      throw error;
    }
  }
  await handle?.close();
  return undefined;
}

/** The media type of a track. */
export function typeOf({ codec, file }: RecordedTrack): string {
  const container = extname(file) === '.webm' ? 'webm' : 'x-matroska';
  return `${codec === 'opus' ? 'audio' : 'video'}/${container}`;
}

export const COMPOSITION_TYPES = {
  mp4: 'video/mp4',
  webm: 'video/webm',
  m4a: 'audio/mp4',
  opus: 'audio/ogg',
} as const satisfies Record<CompositionFormat, string>;

/** What a browser calls a track that is saved. The number keeps names apart. */
export function savedName({ displayName, source, file }: RecordedTrack): string {
  const [number = ''] = file.split('-');
  const who = displayName.replaceAll(/[/\\]/g, '_').slice(0, 80);
  return `${number} ${who} ${source}${extname(file)}`;
}
