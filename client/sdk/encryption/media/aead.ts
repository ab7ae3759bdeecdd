/** The ciphers of SFrame (RFC 9605 section 4.5) over WebCrypto. */

import type { Bytes } from '../../bytes.ts';

/** Authenticated encryption with one key. */
export interface Aead {
  seal(nonce: Bytes, aad: Bytes, plaintext: Bytes): Promise<Bytes>;
  /** Undefined if the ciphertext or the additional data is not what was sealed. */
  open(nonce: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes | undefined>;
}

const { subtle } = globalThis.crypto;
const HMAC_KEY_BYTES = 32;

/** AES-GCM with a 16-byte tag. */
export async function aesGcm(key: Bytes): Promise<Aead> {
  const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const parameters = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData });
  return {
    seal: async (nonce, aad, plaintext) =>
      new Uint8Array(await subtle.encrypt(parameters(nonce, aad), imported, plaintext)),
    open: (nonce, aad, ciphertext) =>
      subtle.decrypt(parameters(nonce, aad), imported, ciphertext).then(
        (plaintext) => new Uint8Array(plaintext),
        () => undefined,
      ),
  };
}

/** AES-CTR, then HMAC-SHA256 cut to a short tag (section 4.5.1). The key is that of AES followed by that of HMAC. */
export async function aesCtrHmac(key: Bytes, tagBytes: number): Promise<Aead> {
  const aesBytes = key.length - HMAC_KEY_BYTES;
  const [cipher, authentication] = await Promise.all([
    subtle.importKey('raw', key.slice(0, aesBytes), 'AES-CTR', false, ['encrypt']),
    subtle.importKey('raw', key.slice(aesBytes), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
  ]);
  /** Encrypts and decrypts: both are the same in counter mode. The block counter takes the last 4 bytes. */
  const crypt = async (nonce: Bytes, data: Bytes) => {
    const counter = new Uint8Array(16);
    counter.set(nonce);
    return new Uint8Array(await subtle.encrypt({ name: 'AES-CTR', counter, length: 32 }, cipher, data));
  };
  const tagOf = async (nonce: Bytes, aad: Bytes, ciphertext: Bytes) => {
    const lengths = new Uint8Array(24);
    const view = new DataView(lengths.buffer);
    view.setBigUint64(0, BigInt(aad.length));
    view.setBigUint64(8, BigInt(ciphertext.length));
    view.setBigUint64(16, BigInt(tagBytes));
    const mac = await subtle.sign('HMAC', authentication, concat(lengths, nonce, aad, ciphertext));
    return new Uint8Array(mac, 0, tagBytes);
  };
  return {
    async seal(nonce, aad, plaintext) {
      const ciphertext = await crypt(nonce, plaintext);
      return concat(ciphertext, await tagOf(nonce, aad, ciphertext));
    },
    async open(nonce, aad, sealed) {
      const end = sealed.length - tagBytes;
      const ciphertext = sealed.slice(0, Math.max(0, end));
      const isAuthentic = end >= 0 && equal(sealed.subarray(end), await tagOf(nonce, aad, ciphertext));
      return isAuthentic ? crypt(nonce, ciphertext) : undefined;
    },
  };
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Compares in constant time. */
function equal(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) {
    difference |= (one[at] as number) ^ (other[at] as number);
  }
  return difference === 0;
}
