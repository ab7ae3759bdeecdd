import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import type { CiphersuiteImpl } from 'ts-mls';
import { makeKdfImpl } from 'ts-mls/crypto/implementation/default/makeKdfImpl.js';
import { defaultRng } from 'ts-mls/crypto/implementation/default/rng.js';
import { makeGenericHpke } from 'ts-mls/crypto/implementation/hpke.js';
import { CIPHER_SUITE, HASH, verifySignature } from '../../../../contract/mls/index.ts';
import { derEcdsa } from '../../../../contract/x509/index.ts';
import type { Bytes } from '../../bytes.ts';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** The library passes a private key to each signature; ours is a CryptoKey that never leaves WebCrypto, so this stands for it. */
export const SIGNS_WITH_DEVICE_KEY = new Uint8Array();

/** The rooms' cipher suite, with WebCrypto alone. Everything that it signs is signed with `deviceKey`, which need not be extractable. */
export async function createCipherSuite(deviceKey: CryptoKey): Promise<CiphersuiteImpl> {
  const hpkeSuite = new CipherSuite({
    kem: exportableKem(),
    kdf: new HkdfSha256(),
    aead: new Aes128Gcm(),
  });
  const hpke = await makeGenericHpke(
    { kem: 'DHKEM-P256-HKDF-SHA256', kdf: 'HKDF-SHA256', aead: 'AES128GCM' },
    { encrypt: seal, decrypt: open },
    hpkeSuite,
  );
  return {
    name: CIPHER_SUITE,
    hash: HASH,
    hpke,
    kdf: makeKdfImpl(new HkdfSha256()),
    rng: defaultRng,
    signature: {
      sign: async (_, message) =>
        derEcdsa(new Uint8Array(await crypto.subtle.sign(SIGNING, deviceKey, bytesOf(message)))),
      verify: verifySignature,
      keygen: () => {
        throw new TypeError('a leaf signs with the key of its device');
      },
    },
  };
}

/** The part of the library's KEM in use that it does not declare. */
interface KemInside {
  _prim: {
    _deserializePkcs8Key(scalar: Uint8Array): Promise<CryptoKey>;
    serializePrivateKey(key: CryptoKey): Promise<ArrayBuffer>;
  };
}

/**
 * The KEM of the suite. Firefox exports no private key that was imported without its public half, as the library imports those that it
 * derives. So their bytes are remembered.
 */
function exportableKem(): DhkemP256HkdfSha256 {
  const kem = new DhkemP256HkdfSha256();
  const { _prim: keys } = kem as unknown as KemInside;
  const scalars = new WeakMap<CryptoKey, Bytes>();
  const deserialize = keys._deserializePkcs8Key.bind(keys);
  const serialize = keys.serializePrivateKey.bind(keys);
  keys._deserializePkcs8Key = async (scalar) => {
    const key = await deserialize(scalar);
    scalars.set(key, bytesOf(scalar));
    return key;
  };
  keys.serializePrivateKey = async (key) => scalars.get(key)?.slice().buffer ?? serialize(key);
  return kem;
}

async function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Bytes> {
  const aesKey = await aesGcm(key, 'encrypt');
  const sealed = await crypto.subtle.encrypt(parameters(nonce, aad), aesKey, bytesOf(plaintext));
  return new Uint8Array(sealed);
}

async function open(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Promise<Bytes> {
  const aesKey = await aesGcm(key, 'decrypt');
  const opened = await crypto.subtle.decrypt(parameters(nonce, aad), aesKey, bytesOf(ciphertext));
  return new Uint8Array(opened);
}

function aesGcm(key: Uint8Array, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytesOf(key), 'AES-GCM', false, [usage]);
}

function parameters(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: bytesOf(nonce), additionalData: bytesOf(aad) };
}

function bytesOf(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}
