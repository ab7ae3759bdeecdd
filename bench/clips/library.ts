import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clip, readClip, writeClip } from '../../client/node/index.ts';
import { buildClip } from './build.ts';
import { cached } from './cache.ts';
import { type ClipName, RECIPES } from './recipes.ts';

/** `.ts`, or `.js` in the npm package. */
const EXTENSION = path.extname(import.meta.url);
const SOURCES = [`build${EXTENSION}`, `recipes${EXTENSION}`, 'encode-video.c', 'encode-opus.c'];

let sources: Promise<string[]> | undefined;

/** The file of a clip, built on first use and cached; its path includes a hash of what it is made from. */
export async function clipFile(name: ClipName): Promise<string> {
  sources ??= Promise.all(SOURCES.map((file) => readFile(new URL(file, import.meta.url), 'utf8')));
  const inputs = { name, sources: await sources };
  return cached('clips', `${name}.clip`, inputs, async (file) =>
    writeClip(file, await buildClip(RECIPES[name])),
  );
}

const loaded = new Map<ClipName, Promise<Clip>>();

/** A clip, loaded once per process. */
export function loadClip(name: ClipName): Promise<Clip> {
  let clip = loaded.get(name);
  if (!clip) {
    clip = clipFile(name).then(readClip);
    loaded.set(name, clip);
  }
  return clip;
}
