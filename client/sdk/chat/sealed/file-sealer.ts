import {
  LENGTH_BYTES,
  MAX_SEALED_THUMBNAIL_BYTES,
  MAX_THUMBNAIL_BYTES,
  PIECE_BYTES,
  paddedFileBytes,
  pieceCount,
  pieceNonce,
  SEALED_PIECE_BYTES,
  sealedFileBytes,
  thumbnailNonce,
} from '../../../../contract/content/index.ts';
import { CanopyError } from '../../../../contract/light.ts';
import { type Bytes, randomBytes, sha256, toBase64 } from '../../bytes.ts';
import type { UploadSource } from '../file-upload.ts';
import { hashOfPieces } from './hash-of-pieces.ts';
import type { SealedFile } from './message-content.ts';

const KEY_BYTES = 32;

/** Encrypts a file piece by piece, as it is uploaded. */
export class FileSealer implements UploadSource {
  /** In bytes, encrypted. */
  readonly size: number;
  /** Encrypted, base64. */
  readonly thumbnail: string | undefined;
  readonly #data: Blob;
  readonly #key: CryptoKey;
  readonly #rawKey: Bytes;
  readonly #thumbnailHash: string | undefined;
  readonly #padded: number;
  /** Hashes of the pieces so far. */
  readonly #hashes = new Map<number, Bytes>();

  /** @throws {CanopyError} BAD_REQUEST - the thumbnail is too large */
  static async create(data: Blob, thumbnail?: Uint8Array): Promise<FileSealer> {
    const raw = randomBytes(KEY_BYTES);
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
    const sealed = thumbnail && (await sealThumbnail(key, thumbnail));
    const hash = sealed && toBase64(await sha256(sealed));
    return new FileSealer(data, { key, raw }, sealed && toBase64(sealed), hash);
  }

  private constructor(
    data: Blob,
    { key, raw }: { key: CryptoKey; raw: Bytes },
    thumbnail: string | undefined,
    thumbnailHash: string | undefined,
  ) {
    this.#data = data;
    this.#key = key;
    this.#rawKey = raw;
    this.thumbnail = thumbnail;
    this.#thumbnailHash = thumbnailHash;
    this.#padded = paddedFileBytes(data.size);
    this.size = sealedFileBytes(data.size);
  }

  /** Encrypted bytes of the file from `from` to before `to`. */
  async read(from: number, to: number): Promise<Blob> {
    const first = Math.floor(from / SEALED_PIECE_BYTES);
    const last = Math.ceil(Math.min(to, this.size) / SEALED_PIECE_BYTES);
    const pieces: Bytes[] = [];
    for (let index = first; index < last; index += 1) {
      pieces.push(await this.#piece(index));
    }
    const start = from - first * SEALED_PIECE_BYTES;
    return new Blob(pieces).slice(start, start + to - from);
  }

  /** What the message says of the file, so that it can be opened. */
  async secrets(): Promise<Pick<SealedFile, 'size' | 'key' | 'root' | 'thumbnail'>> {
    const count = pieceCount(this.#padded);
    const hashes: Bytes[] = [];
    for (let index = 0; index < count; index += 1) {
      if (!this.#hashes.has(index)) {
        // The server had it from an earlier attempt.
        await this.#piece(index);
      }
      hashes.push(this.#hashes.get(index) ?? new Uint8Array());
    }
    return {
      size: this.#data.size,
      key: toBase64(this.#rawKey),
      root: await hashOfPieces(hashes),
      ...(this.#thumbnailHash !== undefined && { thumbnail: this.#thumbnailHash }),
    };
  }

  /**
   * The same piece has the same bytes each time, as a Blob never changes: a browser does not read a file that was changed since it was
   * chosen.
   */
  async #piece(index: number): Promise<Bytes> {
    const from = index * PIECE_BYTES;
    const plain = new Uint8Array(Math.min(PIECE_BYTES, this.#padded - from));
    plain.set(new Uint8Array(await this.#data.slice(from, from + plain.length).arrayBuffer()));
    const iv = pieceNonce(index, from + plain.length === this.#padded);
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.#key, plain));
    this.#hashes.set(index, await sha256(sealed));
    return sealed;
  }
}

/** All thumbnails are of one size. */
async function sealThumbnail(key: CryptoKey, thumbnail: Uint8Array): Promise<Bytes> {
  if (thumbnail.length > MAX_THUMBNAIL_BYTES) {
    throw new CanopyError('BAD_REQUEST', `thumbnail: at most ${MAX_THUMBNAIL_BYTES} bytes`);
  }
  const plain = new Uint8Array(LENGTH_BYTES + MAX_THUMBNAIL_BYTES);
  new DataView(plain.buffer).setUint32(0, thumbnail.length);
  plain.set(thumbnail, LENGTH_BYTES);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: thumbnailNonce() }, key, plain);
  if (sealed.byteLength !== MAX_SEALED_THUMBNAIL_BYTES) {
    throw new CanopyError('INTERNAL');
  }
  return new Uint8Array(sealed);
}
