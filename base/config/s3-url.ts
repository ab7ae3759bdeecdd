/** A bucket of an S3-compatible storage, and where in it. */
export interface BucketAddress {
  /** Of the storage, without the bucket's name, e.g. `https://s3.example`. */
  origin: string;
  bucket: string;
  /** What the names of all objects begin with: empty, or ending with `/`. */
  prefix: string;
}

/** What S3 and compatible servers allow; older buckets may have capitals and underscores. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
/** The name of an object is at most 1024 bytes long, and the longest that follows the prefix has about 100. */
const MAX_PREFIX_BYTES = 800;

/** The bucket that a URL such as `https://s3.example/bucket/prefix` names; undefined: it names none. */
export function bucketAddress(text: string): BucketAddress | undefined {
  // The parser would resolve them without a word.
  if (/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const { protocol, username, password, search, hash, origin, pathname } = new URL(text);
  if (!/^https?:$/.test(protocol) || username || password || search || hash || text.includes('\\')) {
    return undefined;
  }
  let parts: string[];
  try {
    parts = pathname.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const [bucket = '', ...folders] = parts;
  const prefix = folders.map((folder) => `${folder}/`).join('');
  const isValid =
    BUCKET.test(bucket) &&
    folders.every((folder) => /^[^\p{Cc}/]+$/u.test(folder) && !/^\.{1,2}$/.test(folder)) &&
    Buffer.byteLength(prefix) <= MAX_PREFIX_BYTES;
  return isValid ? { origin, bucket, prefix } : undefined;
}
