import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { type Bucket, checksumOf, type UploadedPart } from './bucket.ts';
import type { Pace } from './paced.ts';
import { S3Error } from './s3-error.ts';

const MEBIBYTE = 1024 ** 2;
/** Smallest size of a part, in bytes. Smaller files are uploaded whole. */
const MIN_PART_BYTES = 16 * MEBIBYTE;
/** How much of a file is read at once, in bytes. */
const PIECE_BYTES = 131_072;
/** Number of parts at most; S3 permits ten times as many, but what is uploaded is written down after each. */
const MAX_PARTS = 1000;

/** An upload in parts that has begun. */
export interface UploadState {
  uploadId: string;
  parts: UploadedPart[];
}

export interface UploadOptions {
  bucket: Bucket;
  path: string;
  /** Media type. */
  type: string;
  file: FileHandle;
  /** Size of the file in bytes. It does not change. */
  size: number;
  /** Where an earlier attempt got to. */
  begun: UploadState | undefined;
  pace: Pace;
  signal: AbortSignal;
  /** Writes down how far it is, so that the next attempt goes on from there; undefined: from the beginning. */
  save(state: UploadState | undefined): Promise<void>;
}

/** Size of the parts in which a file of this size is uploaded, in bytes. */
export function partSizeOf(size: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(size / MAX_PARTS / MEBIBYTE) * MEBIBYTE);
}

/**
 * Uploads a file, and checks that the storage has it. Each part is sent with its SHA-256, which the storage compares.
 *
 * @returns the checksums of its parts
 * @throws {S3Error} `Unverified` - what is stored is something else, and was deleted; and what the storage refuses
 * @throws Error with an errno code: the file cannot be read
 */
export async function uploadFile(options: UploadOptions): Promise<UploadedPart[]> {
  const { bucket, path, size } = options;
  const isInParts = size > MIN_PART_BYTES;
  const { etag, parts } = isInParts ? await inParts(options) : await asWhole(options);
  const stored = await bucket.head(path);
  const isSame =
    stored?.sha256 === undefined
      ? etag !== '' && stored?.etag === etag
      : stored.sha256 === checksumOf(parts, isInParts);
  if (stored?.size !== size || !isSame) {
    await options.save(undefined);
    await bucket.delete(path);
    throw new S3Error('Unverified', `${path} is not in the bucket as it was uploaded`, { status: 400 });
  }
  return parts;
}

async function asWhole(options: UploadOptions): Promise<{ etag: string; parts: UploadedPart[] }> {
  const { bucket, path, type, size, signal } = options;
  const body = await bodyOf(options, { from: 0, to: size });
  const etag = await bucket.put(path, { ...body, type }, signal);
  return { etag, parts: [{ etag, sha256: body.sha256 }] };
}

async function inParts(options: UploadOptions): Promise<{ etag: string; parts: UploadedPart[] }> {
  const { bucket, path, size, signal, save } = options;
  const partSize = partSizeOf(size);
  const state = (await goOn(options)) ?? (await begin(options));
  const { uploadId, parts } = state;
  try {
    for (let from = parts.length * partSize; from < size; from += partSize) {
      const body = await bodyOf(options, { from, to: Math.min(from + partSize, size) });
      parts.push(await bucket.putPart(path, uploadId, parts.length + 1, body, signal));
      await save(state);
    }
  } catch (error) {
    if (isOver(error)) {
      await save(undefined);
    }
    throw error;
  }
  try {
    return { etag: await bucket.completeUpload(path, uploadId, parts), parts };
  } catch (error) {
    // An earlier attempt may have completed it without learning so; then the checksum of the object decides.
    if (isOver(error)) {
      return { etag: '', parts };
    }
    throw error;
  }
}

/** Whether the storage has given an upload up, or does not want its parts. */
function isOver(error: unknown): boolean {
  return (
    error instanceof S3Error &&
    /^(NoSuchUpload|InvalidPart|InvalidPartOrder|EntityTooSmall)$/.test(error.code)
  );
}

/** The upload of an earlier attempt; undefined: there is none, or the storage has given it up. */
async function goOn({ bucket, path, size, begun, save }: UploadOptions): Promise<UploadState | undefined> {
  const isWhole = begun !== undefined && begun.parts.length * partSizeOf(size) >= size;
  // It may have been completed.
  if (!begun || isWhole || (await bucket.hasUpload(path, begun.uploadId))) {
    return begun;
  }
  await save(undefined);
  return undefined;
}

async function begin({ bucket, path, type, save }: UploadOptions): Promise<UploadState> {
  // Permission to list them may be missing; whoever withholds it has the bucket end them.
  await bucket.abortUploads(path).catch(unlessRefused);
  const state = { uploadId: await bucket.createUpload(path, type), parts: [] };
  await save(state);
  return state;
}

/** A range of the file, with its checksum, which a request begins with: so it is read twice. */
async function bodyOf({ file, pace, signal }: UploadOptions, { from, to }: { from: number; to: number }) {
  const hash = createHash('sha256');
  for await (const piece of piecesOf(file, { from, to })) {
    signal.throwIfAborted();
    hash.update(piece);
  }
  const read = () => Readable.from(pace.slowed(piecesOf(file, { from, to })));
  return { size: to - from, sha256: hash.digest('hex'), read };
}

/** The bytes of a file. A stream of the handle would close it. */
async function* piecesOf(
  file: FileHandle,
  { from, to }: { from: number; to: number },
): AsyncIterable<Buffer> {
  for (let position = from; position < to; ) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - position));
    const { bytesRead } = await file.read({ buffer, position });
    if (bytesRead === 0) {
      return;
    }
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Passes on the bytes of a file that was uploaded. `check()` compares them with its checksums once they have all passed.
 *
 * @throws {S3Error} `DifferentBytes` (`check`)
 */
export function digestOf(parts: readonly UploadedPart[], size: number): { digest: Transform; check(): void } {
  const partSize = partSizeOf(size);
  const found: string[] = [];
  let hash = createHash('sha256');
  let left = partSize;
  const next = () => {
    found.push(hash.digest('hex'));
    hash = createHash('sha256');
    left = partSize;
  };
  const digest = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      for (let from = 0; from < bytes.length; ) {
        if (left === 0) {
          next();
        }
        const piece = bytes.subarray(from, from + left);
        hash.update(piece);
        left -= piece.length;
        from += piece.length;
      }
      done(null, bytes);
    },
    flush(done) {
      next();
      done();
    },
  });
  const check = () => {
    if (found.length !== parts.length || found.some((sha256, index) => sha256 !== parts[index]?.sha256)) {
      throw new S3Error('DifferentBytes', 'the bucket has other bytes than were uploaded', { status: 400 });
    }
  };
  return { digest, check };
}

/** Passes over a refusal. @throws the error, if the storage could not be asked */
export function unlessRefused(error: unknown): void {
  if (!(error instanceof S3Error) || error.isOfBucket) {
    throw error;
  }
}
