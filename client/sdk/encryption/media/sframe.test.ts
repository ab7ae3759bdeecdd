import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { BASE_KEY_BYTES, encodeHeader, parseHeader } from '../../../../contract/sframe/index.ts';
import { aesCtrHmac } from './aead.ts';
import { CIPHER_SUITES, deriveKey } from './cipher-suite.ts';

interface Vectors {
  /** Key id, counter, and the encoded header in hex. */
  header: string[];
  aesCtrHmac: Array<Record<'key' | 'nonce' | 'aad' | 'pt' | 'ct', string> & { cipher_suite: number }>;
  sframe: Array<
    Record<'kid' | 'ctr', string> &
      Record<'base_key' | 'metadata' | 'pt' | 'ct', string> & { cipher_suite: number }
  >;
}

/** The test vectors of RFC 9605, appendix C. */
const vectors: Vectors = JSON.parse(readFileSync(new URL('rfc9605-vectors.json', import.meta.url), 'utf8'));
const suites = Object.entries(CIPHER_SUITES);

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function hex(data: Uint8Array | undefined): string | undefined {
  return data && Buffer.from(data).toString('hex');
}

describe('the vectors of RFC 9605', () => {
  it('agree on every header', () => {
    assert.equal(vectors.header.length, 289);
    for (const line of vectors.header) {
      const [keyId = '', counter = '', encoded = ''] = line.split(' ');
      assert.equal(hex(encodeHeader(BigInt(keyId), BigInt(counter))), encoded);
      assert.deepEqual(parseHeader(bytes(`${encoded}55`)), {
        keyId: BigInt(keyId),
        counter: BigInt(counter),
        length: encoded.length / 2,
      });
    }
  });

  it('agree on AES-CTR with HMAC, and each changed bit is noticed', async () => {
    assert.equal(vectors.aesCtrHmac.length, 3);
    for (const { cipher_suite, key, nonce, aad, pt, ct } of vectors.aesCtrHmac) {
      const [, suite] = suites.find(([, { id }]) => id === cipher_suite) ?? assert.fail();
      const aead = await aesCtrHmac(bytes(key), suite.tagBytes);
      assert.equal(hex(await aead.seal(bytes(nonce), bytes(aad), bytes(pt))), ct);
      assert.equal(hex(await aead.open(bytes(nonce), bytes(aad), bytes(ct))), pt);
      for (let bit = 0; bit < 4 * ct.length; bit += 1) {
        const changed = bytes(ct);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        assert.equal(await aead.open(bytes(nonce), bytes(aad), changed), undefined);
      }
    }
  });

  for (const { cipher_suite, kid, ctr, base_key, metadata, pt, ct } of vectors.sframe) {
    const [name, suite] = suites.find(([, { id }]) => id === cipher_suite) ?? assert.fail();

    it(`agree on ${name}`, async () => {
      const key = await deriveKey(suite, bytes(base_key), BigInt(kid));
      const header = encodeHeader(BigInt(kid), BigInt(ctr));
      const sealed = await key.seal(header, BigInt(ctr), bytes(metadata), bytes(pt));
      assert.equal(hex(header) + (hex(sealed) ?? ''), ct);
      assert.equal(hex(await key.open(header, BigInt(ctr), bytes(metadata), sealed)), pt);
      assert.equal(await key.open(header, BigInt(ctr) + 1n, bytes(metadata), sealed), undefined);
      assert.equal(await key.open(header, BigInt(ctr), bytes('00'), sealed), undefined);
    });
  }
});

it('headers that are cut off or longer than necessary are no headers', () => {
  for (const encoded of ['', '08', '80', '8fff', '0801', '800700', '090001', '90000100', 'ff00']) {
    assert.equal(parseHeader(bytes(encoded)), undefined, encoded);
  }
  assert.throws(() => encodeHeader(1n << 64n, 0n), RangeError);
});

it('base keys have the length that their suites use', () => {
  for (const [name, length] of Object.entries(BASE_KEY_BYTES)) {
    assert.equal(CIPHER_SUITES[name as keyof typeof CIPHER_SUITES].keyBytes, length);
  }
});
