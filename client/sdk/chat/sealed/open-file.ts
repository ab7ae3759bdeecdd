import {
  LENGTH_BYTES,
  MAX_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_PIXELS,
  paddedFileBytes,
  pieceCount,
  pieceNonce,
  plainJpeg,
  SEALED_PIECE_BYTES,
  sealedFileBytes,
  shownType,
  thumbnailNonce,
} from '../../../../contract/content/index.ts';
import { CanopyError } from '../../../../contract/light.ts';
import { type Bytes, fromBase64, sha256, toBase64 } from '../../bytes.ts';
import { hashOfPieces } from './hash-of-pieces.ts';
import type { SealedFile } from './message-content.ts';

/** Larger files are not opened: they are decrypted into a Blob, in bytes. */
const MAX_OPENED_BYTES = 2 ** 30;
/** Enough to tell types of media apart, in bytes. */
const START_BYTES = 16;
/** Pieces that become one Blob, which browsers move to the disk. */
const PIECES_PER_BLOB = 64;

/**
 * Fetches a file and decrypts it. The Blob's type is that of a picture, sound or video, or says nothing, so that no page of this origin can
 * be made of it.
 *
 * @throws {CanopyError} CONNECTION_LOST; FILE_TOO_LARGE - over 1 GiB; FILE_UNREADABLE - it is not the file that the message names
 */
export async function openFile(url: string, file: SealedFile): Promise<Blob> {
  const { size } = file;
  if (size > MAX_OPENED_BYTES) {
    throw new CanopyError('FILE_TOO_LARGE', `at most ${MAX_OPENED_BYTES} bytes`);
  }
  const key = await importKey(file);
  const count = pieceCount(paddedFileBytes(size));
  const hashes: Bytes[] = [];
  const blobs: Blob[] = [];
  let opened: Bytes[] = [];
  for await (const sealed of piecesOf(url, sealedFileBytes(size))) {
    const iv = pieceNonce(hashes.length, hashes.length === count - 1);
    opened.push(await decrypt(key, iv, sealed));
    hashes.push(await sha256(sealed));
    if (opened.length === PIECES_PER_BLOB || hashes.length === count) {
      blobs.push(new Blob(opened));
      opened = [];
    }
  }
  if (hashes.length !== count || (await hashOfPieces(hashes)) !== file.root) {
    unreadable('another file');
  }
  const whole = new Blob(blobs).slice(0, size);
  const start = new Uint8Array(await whole.slice(0, START_BYTES).arrayBuffer());
  return whole.slice(0, size, shownType(start) ?? 'application/octet-stream');
}

/** Decrypts a thumbnail. Returns a JPEG, base64. @throws {CanopyError} FILE_UNREADABLE */
export async function openThumbnail(sealed: string, file: SealedFile): Promise<string> {
  const bytes = fromBase64(sealed);
  if (toBase64(await sha256(bytes)) !== file.thumbnail) {
    unreadable('another thumbnail');
  }
  const plain = await decrypt(await importKey(file), thumbnailNonce(), bytes);
  const length = new DataView(plain.buffer).getUint32(0);
  const jpeg = plainJpeg(plain.slice(LENGTH_BYTES, LENGTH_BYTES + Math.min(length, MAX_THUMBNAIL_BYTES)));
  // Its sender may want browsers to draw a huge one.
  if (!jpeg || jpeg.width > MAX_THUMBNAIL_PIXELS || jpeg.height > MAX_THUMBNAIL_PIXELS) {
    unreadable('no small JPEG');
  }
  return toBase64(jpeg.bytes);
}

/** The bytes at an address in pieces as they were encrypted; never more than there should be. */
async function* piecesOf(url: string, total: number): AsyncIterable<Bytes> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new CanopyError('CONNECTION_LOST', undefined, { cause });
  });
  if (!response.ok || !response.body) {
    throw new CanopyError('FILE_UNKNOWN', `HTTP ${response.status}`);
  }
  const piece = new Uint8Array(SEALED_PIECE_BYTES);
  let [filled, received] = [0, 0];
  for await (const chunk of chunksOf(response.body)) {
    received += chunk.length;
    if (received > total) {
      unreadable('longer than it should be');
    }
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + SEALED_PIECE_BYTES - filled);
      piece.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled === SEALED_PIECE_BYTES) {
        yield piece.slice();
        filled = 0;
      }
    }
  }
  if (received !== total) {
    unreadable('shorter than it should be');
  }
  if (filled > 0) {
    yield piece.slice(0, filled);
  }
}

/** Not all browsers can iterate a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new CanopyError('CONNECTION_LOST', undefined, { cause });
      });
      if (done) {
        return;
      }
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function importKey({ key }: SealedFile): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', fromBase64(key), 'AES-GCM', false, ['decrypt']);
}

async function decrypt(key: CryptoKey, iv: Bytes, sealed: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed));
  } catch (cause) {
    unreadable('it was changed', cause);
  }
}

function unreadable(detail: string, cause?: unknown): never {
  throw new CanopyError('FILE_UNREADABLE', detail, { cause });
}
