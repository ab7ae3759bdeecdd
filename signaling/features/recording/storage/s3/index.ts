/** S3-compatible storages: signed requests, and uploads that go on after a restart. */
export { Bucket, type UploadedPart } from './bucket.ts';
export { Pace } from './paced.ts';
export { networkError } from './s3-client.ts';
export { S3Error, unavailable } from './s3-error.ts';
export { s3Location } from './s3-location.ts';
export { digestOf, type UploadState, unlessRefused, uploadFile } from './upload-file.ts';
