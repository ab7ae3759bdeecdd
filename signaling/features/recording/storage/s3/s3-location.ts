import { readFileSync } from 'node:fs';
import {
  type BucketAddress,
  bucketAddress,
  CanopyError,
  type Config,
  describeFileError,
} from '../../../../../base/index.ts';

/** A bucket, and how to use it. */
export interface S3Location extends BucketAddress {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Whether requests name the bucket in the host name, not in the path. */
  isInHost: boolean;
  /** Certificates (PEM) of the authorities to trust; undefined: Node's. */
  ca: string | undefined;
}

/** The bucket for recordings; undefined: none is configured. @throws {CanopyError} CONFIG_INVALID - a file cannot be read */
export function s3Location({ recording }: Pick<Config, 'recording'>): S3Location | undefined {
  const { s3Url, s3AccessKey, s3Secret, s3SecretFile, s3Region, s3Addressing, s3CaFile } = recording;
  const address = s3Url === undefined ? undefined : bucketAddress(s3Url);
  if (!address || s3AccessKey === undefined) {
    return undefined;
  }
  return {
    ...address,
    region: s3Region,
    accessKeyId: s3AccessKey,
    secretAccessKey: s3Secret ?? contentOf('recording.s3SecretFile', s3SecretFile).trim(),
    // A certificate for *.s3.example does not cover a bucket's name with dots.
    isInHost:
      s3Addressing === 'host' ||
      (s3Addressing === 'auto' && isAmazon(address) && !address.bucket.includes('.')),
    ca: s3CaFile === undefined ? undefined : contentOf('recording.s3CaFile', s3CaFile),
  };
}

/** The address of an object. */
export function urlOf({ origin, bucket, isInHost }: S3Location, key: string | undefined): URL {
  const url = new URL(origin);
  const parts = key === undefined ? [] : key.split('/').map(encoded);
  if (isInHost) {
    url.hostname = `${bucket}.${url.hostname}`;
  }
  url.pathname = `/${[...(isInHost ? [] : [encoded(bucket)]), ...parts].join('/')}`;
  return url;
}

function isAmazon({ origin }: BucketAddress): boolean {
  return /\.amazonaws\.com(\.cn)?$/.test(new URL(origin).hostname);
}

/** As signatures have it (RFC 3986, section 2.3). */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function contentOf(setting: string, file = ''): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CanopyError('CONFIG_INVALID', `${setting}: ${describeFileError(file, cause)}`, { cause });
  }
  if (content.trim() === '') {
    throw new CanopyError('CONFIG_INVALID', `${setting}: ${file}: the file is empty`);
  }
  return content;
}
