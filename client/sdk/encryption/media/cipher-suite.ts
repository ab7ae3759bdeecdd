import { keyLabel, NONCE_BYTES, nonceOf } from '../../../../contract/sframe/index.ts';
import type { Bytes } from '../../bytes.ts';
import { type Aead, aesCtrHmac, aesGcm, concat } from './aead.ts';

/** A cipher suite of RFC 9605 section 4.5. */
export interface CipherSuite {
  /** Its number in IANA's registry. */
  id: number;
  /** AEAD.Nk: the length of keys, in bytes. */
  keyBytes: number;
  /** The length of tags, in bytes. */
  tagBytes: number;
  hash: 'SHA-256' | 'SHA-512';
  aead(key: Bytes): Promise<Aead>;
}

const ctrHmac = (id: number, tagBytes: number): CipherSuite => ({
  ...{ id, keyBytes: 48, tagBytes, hash: 'SHA-256' },
  aead: (key) => aesCtrHmac(key, tagBytes),
});

export const CIPHER_SUITES = {
  AES_128_CTR_HMAC_SHA256_80: ctrHmac(1, 10),
  AES_128_CTR_HMAC_SHA256_64: ctrHmac(2, 8),
  AES_128_CTR_HMAC_SHA256_32: ctrHmac(3, 4),
  AES_128_GCM_SHA256_128: { id: 4, keyBytes: 16, tagBytes: 16, hash: 'SHA-256', aead: aesGcm },
  AES_256_GCM_SHA512_128: { id: 5, keyBytes: 32, tagBytes: 16, hash: 'SHA-512', aead: aesGcm },
} as const satisfies Record<string, CipherSuite>;

const { subtle } = globalThis.crypto;

/** One key id's key and salt (RFC 9605 section 4.4.2). */
export async function deriveKey(suite: CipherSuite, baseKey: Uint8Array, keyId: bigint): Promise<SFrameKey> {
  const input = await subtle.importKey('raw', new Uint8Array(baseKey), 'HKDF', false, ['deriveBits']);
  const derive = async (purpose: 'key' | 'salt', bytes: number) => {
    const info = keyLabel(purpose, keyId, suite.id);
    const parameters = { name: 'HKDF', hash: suite.hash, salt: new Uint8Array(), info };
    return new Uint8Array(await subtle.deriveBits(parameters, input, 8 * bytes));
  };
  const [key, salt] = await Promise.all([derive('key', suite.keyBytes), derive('salt', NONCE_BYTES)]);
  return new SFrameKey(await suite.aead(key), salt);
}

/** Encrypts and decrypts with the key of one key id. It is up to the caller to use each counter only once for encryption. */
export class SFrameKey {
  readonly #aead: Aead;
  readonly #salt: Bytes;

  constructor(aead: Aead, salt: Bytes) {
    this.#aead = aead;
    this.#salt = salt;
  }

  /** @param header the encoded header, which contains the counter */
  seal(header: Uint8Array, counter: bigint, metadata: Uint8Array, plaintext: Bytes): Promise<Bytes> {
    return this.#aead.seal(nonceOf(this.#salt, counter), concat(header, metadata), plaintext);
  }

  /** Undefined if anything of it is not what was encrypted. */
  open(
    header: Uint8Array,
    counter: bigint,
    metadata: Uint8Array,
    ciphertext: Bytes,
  ): Promise<Bytes | undefined> {
    return this.#aead.open(nonceOf(this.#salt, counter), concat(header, metadata), ciphertext);
  }
}
