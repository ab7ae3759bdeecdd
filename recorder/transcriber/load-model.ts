import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelSource, modelArchive } from './model-archive.ts';
import { unpackModel } from './model-files.ts';
import { SherpaRecogniser } from './sherpa-recogniser.ts';

/** sherpa-onnx ends the process when a model is broken, which leaves the unpacked files. After this time they are deleted, in milliseconds. */
const LEFT_MS = 3_600_000;
const PREFIX = 'unpacked-';

/**
 * Fetches, checks, unpacks and loads a model. Only the archive stays in the folder.
 *
 * @param threads threads for one voice
 * @throws {CanopyError} MODEL_UNUSABLE
 */
export async function loadModel(
  source: ModelSource,
  folder: string,
  threads: number,
): Promise<SherpaRecogniser> {
  const archive = await modelArchive(source, folder);
  await deleteLeft(folder);
  const unpacked = await mkdtemp(join(folder, PREFIX));
  try {
    return await SherpaRecogniser.load(await unpackModel(archive, unpacked), threads);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function deleteLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(PREFIX) && (await stat(path)).mtimeMs < Date.now() - LEFT_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
