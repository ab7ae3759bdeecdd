/**
 * Encrypted files: pieces of 64 KiB, each under AES-GCM with the file's own key and a nonce that has the number of the piece and whether it
 * is the last one, so that pieces cannot be reordered, left out or cut off.
 */

/** Bytes of content per piece. */
export const PIECE_BYTES = 65_536;
const TAG_BYTES = 16;
/** The length of a thumbnail, before it. */
export const LENGTH_BYTES = 4;
/** A piece as it is stored. */
export const SEALED_PIECE_BYTES = PIECE_BYTES + TAG_BYTES;
/** What the server knows as the name of every encrypted file. */
export const SEALED_FILE_NAME = 'encrypted';
/** Maximum size of a thumbnail, and of an encrypted one, which is always as long, in bytes. */
export const MAX_THUMBNAIL_BYTES = 16_384;
export const MAX_SEALED_THUMBNAIL_BYTES = LENGTH_BYTES + MAX_THUMBNAIL_BYTES + TAG_BYTES;
/** Maximum width and height of a thumbnail, in pixels. */
export const MAX_THUMBNAIL_PIXELS = 400;
/** The smallest size to which a file is padded, in bytes. */
const MIN_FILE_BYTES = 4096;

/**
 * The size to which a file is padded: Padmé, of which the server learns no more than the magnitude. At most 12 % more.
 */
export function paddedFileBytes(size: number): number {
  if (size <= MIN_FILE_BYTES) {
    return MIN_FILE_BYTES;
  }
  const exponent = Math.floor(Math.log2(size));
  const step = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(size / step) * step;
}

/** The size of a file of `size` bytes when it is encrypted. */
export function sealedFileBytes(size: number): number {
  const padded = paddedFileBytes(size);
  return padded + pieceCount(padded) * TAG_BYTES;
}

/** Number of pieces of a file whose padded size this is. */
export function pieceCount(paddedBytes: number): number {
  return Math.ceil(paddedBytes / PIECE_BYTES);
}

/** The largest file whose encrypted form is not larger than this. */
export function largestFile(sealedBytes: number): number {
  let [least, most] = [0, sealedBytes];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    [least, most] = sealedFileBytes(middle) <= sealedBytes ? [middle, most] : [least, middle - 1];
  }
  return least;
}

/** The nonce of a piece. */
export function pieceNonce(index: number, isLast: boolean): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, index);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** The nonce of a file's thumbnail: that of no piece. */
export function thumbnailNonce(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(12).fill(0xff);
}
