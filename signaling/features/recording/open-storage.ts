import type { Config } from '../../../base/index.ts';
import type { Kernel, RecordingStorageState } from '../../kernel/index.ts';
import { RecordingStorage } from './recording-storage.ts';
import { Bucket, FileMover, FileRecords, S3Error, s3Location, storageMetrics } from './storage/index.ts';

/**
 * Opens the storage of recordings, and moves them to the bucket if one is configured.
 *
 * @param isComposing whether something is to be made of a recording, for which its files are needed
 * @throws {CanopyError} CONFIG_INVALID - a file that the configuration names cannot be read
 */
export function openStorage(
  kernel: Kernel,
  isComposing: (recordingId: string) => Promise<boolean>,
): RecordingStorage {
  const { config, store, log } = kernel;
  const records = new FileRecords(store);
  const location = s3Location(config);
  if (!location) {
    kernel.starting.add(async () => {
      const { deleting } = await records.pending();
      if (deleting > 0) {
        log.warn(
          `${deleting} files of deleted recordings are still in a bucket: set recording.s3Url so that they are deleted`,
        );
      }
    });
    return new RecordingStorage({
      config,
      records,
      bucket: undefined,
      log,
      changed: () => {},
      stop: async () => {},
    });
  }
  const bucket = new Bucket(location);
  const state = async (): Promise<RecordingStorageState> => ({
    ...(await records.pending()),
    problem: mover.problem,
  });
  const counted = storageMetrics(kernel.registry, state);
  const mover: FileMover = new FileMover({
    ...{ config, records, bucket, log },
    needsCopies: async (recordingId) => (await isComposing(recordingId)) || storage.isHeld(recordingId),
    onUploaded: counted.uploaded,
    onFailed: counted.failed,
  });
  const storage: RecordingStorage = new RecordingStorage({
    ...{ config, records, bucket, log },
    changed: () => mover.nudge(),
    stop: (isMeant) => mover.stop(isMeant),
  });
  kernel.recordingStorage = state;
  kernel.starting.add(async () => mover.begin());
  kernel.closing.add(async () => {
    await mover.close();
    bucket.close();
  });
  return storage;
}

/**
 * Tries the bucket for recordings, if one is configured: writes, reads and deletes an object.
 *
 * @returns undefined: none is configured
 * @throws {CanopyError} CONFIG_INVALID
 */
export async function probeRecordingStorage(
  config: Config,
): Promise<{ where: string; problem: string | undefined; isPlain: boolean } | undefined> {
  const location = s3Location(config);
  if (!location) {
    return undefined;
  }
  const { origin, bucket: name, prefix } = location;
  const where = `${origin}/${name}/${prefix}`;
  const isPlain = origin.startsWith('http:');
  const bucket = new Bucket(location);
  try {
    await bucket.check();
    return { where, problem: undefined, isPlain };
  } catch (error) {
    if (!(error instanceof S3Error)) {
      throw error;
    }
    return { where, problem: error.problem, isPlain };
  } finally {
    bucket.close();
  }
}
