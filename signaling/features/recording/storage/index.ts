/** Moves files of recordings to a bucket of an S3-compatible storage, and deletes them there. */
export { FileMover, pathOf } from './file-mover.ts';
export { isListing } from './file-names.ts';
export { type FileChoice, FileRecords } from './file-records.ts';
export { storageMetrics } from './metrics.ts';
export { STORAGE_MIGRATIONS } from './migrations.ts';
export {
  Bucket,
  digestOf,
  networkError,
  S3Error,
  s3Location,
  type UploadedPart,
  unavailable,
} from './s3/index.ts';
export type { RecordingFileRow } from './tables.ts';
