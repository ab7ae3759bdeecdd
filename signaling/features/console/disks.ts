import { stat, statfs } from 'node:fs/promises';
import type { Config } from '../../../base/index.ts';
import type { ServerStatus } from './rest.ts';

type Disk = ServerStatus['disks'][number];

/**
 * The space on the file systems of the data folder and, if it is another one, of the recordings. A folder that does not exist is left out:
 * that of recordings is created for the first one.
 */
export async function disksOf({ data, recording }: Pick<Config, 'data' | 'recording'>): Promise<Disk[]> {
  const folders: Array<[Disk['folder'], string]> = [
    ['data', data.dir],
    ...(recording.dir === undefined ? [] : [['recordings', recording.dir] as [Disk['folder'], string]]),
  ];
  const disks = new Map<number, Disk>();
  for (const [folder, path] of folders) {
    try {
      const { dev } = await stat(path);
      const { bavail, blocks, bsize } = await statfs(path);
      if (!disks.has(dev)) {
        disks.set(dev, { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize });
      }
    } catch {}
  }
  return [...disks.values()];
}
