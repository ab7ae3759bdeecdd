import {
  createCipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { keyLabel, NONCE_BYTES, nonceOf } from '../../../contract/sframe/index.ts';

/** The number of AES_128_CTR_HMAC_SHA256_80 in IANA's registry, and the lengths of its keys and tags, in bytes (RFC 9605 section 4.5). */
const SUITE_ID = 1;
const AES_KEY_BYTES = 16;
const HMAC_KEY_BYTES = 32;
export const TAG_BYTES = 10;
/** The counter of AES's blocks follows the nonce. */
const BLOCK_COUNTER = new Uint8Array(4);

/**
 * The key of one key id for audio, as the SDK derives it, but synchronous: a media thread sends and receives a frame at a time, and must not
 * wait. It is up to the caller to use each counter only once for encryption.
 */
export class AudioKey {
  readonly #aes: KeyObject;
  readonly #hmac: KeyObject;
  readonly #salt: Uint8Array;

  constructor(baseKey: Uint8Array, keyId: bigint) {
    const derive = (purpose: 'key' | 'salt', bytes: number) =>
      Buffer.from(hkdfSync('sha256', baseKey, '', keyLabel(purpose, keyId, SUITE_ID), bytes));
    const key = derive('key', AES_KEY_BYTES + HMAC_KEY_BYTES);
    this.#aes = createSecretKey(key.subarray(0, AES_KEY_BYTES));
    this.#hmac = createSecretKey(key.subarray(AES_KEY_BYTES));
    this.#salt = derive('salt', NONCE_BYTES);
    key.fill(0);
  }

  /** The ciphertext with its tag. @param aad the header and the metadata */
  seal(counter: bigint, aad: Uint8Array, plaintext: Uint8Array): Buffer {
    const nonce = nonceOf(this.#salt, counter);
    const ciphertext = this.#crypt(nonce, plaintext);
    return Buffer.concat([ciphertext, this.#tag(nonce, aad, ciphertext)]);
  }

  /** Undefined if anything of it is not what was encrypted. */
  open(counter: bigint, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) {
      return undefined;
    }
    const nonce = nonceOf(this.#salt, counter);
    const ciphertext = sealed.subarray(0, end);
    const isAuthentic = timingSafeEqual(sealed.subarray(end), this.#tag(nonce, aad, ciphertext));
    return isAuthentic ? this.#crypt(nonce, ciphertext) : undefined;
  }

  /** Encrypts and decrypts: both are the same in counter mode. */
  #crypt(nonce: Uint8Array, data: Uint8Array): Buffer {
    return createCipheriv('aes-128-ctr', this.#aes, Buffer.concat([nonce, BLOCK_COUNTER])).update(data);
  }

  /** RFC 9605 section 4.5.1. */
  #tag(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Buffer {
    const lengths = Buffer.alloc(24);
    lengths.writeUInt32BE(aad.length, 4);
    lengths.writeUInt32BE(ciphertext.length, 12);
    lengths.writeUInt32BE(TAG_BYTES, 20);
    return createHmac('sha256', this.#hmac)
      .update(lengths)
      .update(nonce)
      .update(aad)
      .update(ciphertext)
      .digest()
      .subarray(0, TAG_BYTES);
  }
}
