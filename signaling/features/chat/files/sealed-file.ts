import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { openBytes, SEAL_BYTES, sealBytes } from '../../../kernel/index.ts';

/** Size of the pieces in which a file is encrypted, in bytes. The last one may be shorter. */
export const PIECE_BYTES = 65_536;
const SEALED_PIECE_BYTES = PIECE_BYTES + SEAL_BYTES;
/** Portions that are kept before they fill a piece: each of a few bytes takes a hundred. */
const MAX_PENDING = 256;
/** A link that someone planted is not followed. */
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

export interface SealedFileOptions {
  path: string;
  key: Buffer;
  /** Bound to every piece, with its number and the size, so that pieces cannot be moved, and a file not be shortened. */
  fileId: string;
  /** In bytes, before encryption. */
  size: number;
}

/** How many bytes of an incomplete file are on disk, given its size there: a piece counts only as a whole. */
export function receivedBytes(size: number, sizeOnDisk: number): number {
  return sizeOnDisk >= sealedSize(size) ? size : Math.floor(sizeOnDisk / SEALED_PIECE_BYTES) * PIECE_BYTES;
}

/** Size on disk of a file of this size. */
export function sealedSize(size: number): number {
  return size + Math.ceil(size / PIECE_BYTES) * SEAL_BYTES;
}

function contextOf({ fileId, size }: SealedFileOptions, piece: number): string {
  return `piece ${piece} of ${size} bytes ${fileId}`;
}

/** Writes a file piece by piece: no byte reaches the disk unencrypted. */
export class SealedFileWriter {
  readonly #options: SealedFileOptions;
  readonly #handle: FileHandle;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #written: number;
  #isChanged = false;

  private constructor(options: SealedFileOptions, handle: FileHandle, written: number) {
    this.#options = options;
    this.#handle = handle;
    this.#written = written;
  }

  /** Opens a new file, or one that is incomplete, whose last piece is dropped if it is damaged. */
  static async open(options: SealedFileOptions): Promise<SealedFileWriter> {
    const handle = await open(options.path, APPEND, 0o600);
    try {
      const written = receivedBytes(options.size, (await handle.stat()).size);
      await handle.truncate(
        written === options.size ? sealedSize(written) : (written / PIECE_BYTES) * SEALED_PIECE_BYTES,
      );
      return new SealedFileWriter(options, handle, written);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes on disk, in whole pieces. */
  get written(): number {
    return this.#written;
  }

  /** Bytes on disk or pending. */
  get received(): number {
    return this.#written + this.#pendingBytes;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pending.length >= MAX_PENDING) {
      this.#pending = [Buffer.concat(this.#pending)];
    }
    const isLast = this.received === this.#options.size;
    if (this.#pendingBytes < PIECE_BYTES && !isLast) {
      return;
    }
    const all = Buffer.concat(this.#pending);
    let at = 0;
    while (all.length - at >= PIECE_BYTES || (isLast && at < all.length)) {
      const piece = all.subarray(at, at + PIECE_BYTES);
      const context = contextOf(this.#options, this.#written / PIECE_BYTES);
      this.#isChanged = true;
      await this.#handle.appendFile(sealBytes(this.#options.key, piece, context));
      this.#written += piece.length;
      at += piece.length;
    }
    this.#pending = at < all.length ? [all.subarray(at)] : [];
    this.#pendingBytes = all.length - at;
  }

  /** Closes the file. Bytes that do not fill a piece are dropped. Resolves once the rest is on disk. */
  async close(): Promise<void> {
    try {
      // Waiting for the disk takes one of few threads, which also check signatures.
      if (this.#isChanged || this.#written === this.#options.size) {
        await this.#handle.datasync();
      }
    } finally {
      await this.#handle.close();
    }
  }
}

/** Bytes `from` to `to` of a complete file. @throws {Error} it is missing, shortened or changed; nothing of a changed piece is returned */
export async function* readSealedFile(
  options: SealedFileOptions,
  { from, to }: { from: number; to: number },
): AsyncIterable<Buffer> {
  const handle = await open(options.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if ((await handle.stat()).size !== sealedSize(options.size)) {
      throw new Error(`${options.path} has the wrong size`);
    }
    const sealed = Buffer.alloc(SEALED_PIECE_BYTES);
    for (let piece = Math.floor(from / PIECE_BYTES); piece * PIECE_BYTES < to; piece += 1) {
      const start = piece * PIECE_BYTES;
      const length = Math.min(PIECE_BYTES, options.size - start) + SEAL_BYTES;
      const { bytesRead } = await handle.read(sealed, 0, length, piece * SEALED_PIECE_BYTES);
      const plain = openBytes(options.key, sealed.subarray(0, bytesRead), contextOf(options, piece));
      yield plain.subarray(Math.max(0, from - start), Math.min(plain.length, to - start));
    }
  } finally {
    await handle.close();
  }
}
