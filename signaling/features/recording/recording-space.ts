import { statfs } from 'node:fs/promises';
import { CanopyError, type Config } from '../../../base/index.ts';
import type { RecordingRecords } from './recording-records.ts';

const GIBIBYTE = 1024 ** 3;

/** Free space below which nothing is written, in bytes. */
export function minFreeBytes({ recording }: Config): number {
  return recording.freeGiB * GIBIBYTE;
}

/** @throws {CanopyError} RECORDING_QUOTA, RECORDING_DISK_FULL - nothing more may be written for this room */
export async function demandSpace(
  { config, records }: { config: Config; records: Pick<RecordingRecords, 'bytes'> },
  roomId: string,
): Promise<void> {
  const { roomGiB, totalGiB, dir } = config.recording;
  if ((await records.bytes(roomId)) > roomGiB * GIBIBYTE || (await records.bytes()) > totalGiB * GIBIBYTE) {
    throw new CanopyError('RECORDING_QUOTA');
  }
  const { bavail, bsize } = await statfs(dir ?? config.data.dir);
  if (bavail * bsize < minFreeBytes(config)) {
    throw new CanopyError('RECORDING_DISK_FULL');
  }
}
