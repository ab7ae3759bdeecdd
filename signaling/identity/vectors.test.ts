import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { decodePublicKey, statementMatches } from '../../contract/x509/index.ts';
import { toPem } from './index.ts';
import { bytesOf, type KeyName, keysOf, makeVectors, type Vector, type VectorFile } from './make-vectors.ts';

const committed = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as VectorFile;
const remade = makeVectors(keysOf(committed));

const publicKeyOf = (name: KeyName) =>
  createPublicKey({ key: Buffer.from(committed.keys[name].spki, 'base64'), format: 'der', type: 'spki' });

const sharedKeyOf = (name: KeyName) =>
  decodePublicKey(new Uint8Array(Buffer.from(committed.keys[name].spki, 'base64')));

describe('the vectors', () => {
  test('match those that the script makes, except for the signatures', () => {
    const withoutSignatures = ({ keys, vectors }: VectorFile) => ({
      keys,
      vectors: vectors.map(({ signature, ...vector }) => vector),
    });
    assert.deepEqual(withoutSignatures(committed), withoutSignatures(remade));
  });

  test('identify devices by the SHA-256 of their SPKI', () => {
    for (const { spki, deviceId } of Object.values(committed.keys)) {
      assert.equal(createHash('sha256').update(Buffer.from(spki, 'base64')).digest('hex'), deviceId);
    }
  });

  test('contain the bytes of each statement', () => {
    for (const { name, statement, fields, bytesHex } of committed.vectors) {
      assert.equal(Buffer.from(bytesOf(statement, fields)).toString('hex'), bytesHex, name);
    }
    const { bytesHex = '', fields } =
      committed.vectors.find(({ name }) => name === 'auth by device') ?? ({} as Vector);
    assert.equal(
      Buffer.from(bytesHex, 'hex').toString(),
      `canopy/auth/1\n${fields.origin}\n${fields.nonce}\n${fields.timeMs}\n${fields.deviceId}`,
    );
  });
});

test('a statement cannot have a field that is empty or could be read as two', () => {
  for (const { statement, fields } of committed.vectors.filter(({ valid }) => valid)) {
    for (const [field, value] of Object.entries(fields)) {
      for (const bad of ['', `${value}\n`, `\n${value}`, 'a\u0000', 'a\r', 'a\u007f']) {
        assert.throws(() => bytesOf(statement, { ...fields, [field]: bad }), TypeError);
      }
    }
  }
});

for (const [what, { vectors }] of Object.entries({ committed, 'newly made': remade })) {
  describe(`${what} vectors`, () => {
    for (const { name, key, bytesHex, signature, valid } of vectors) {
      test(`${name}: ${valid ? 'accepted' : 'refused'}`, async () => {
        const signed = Buffer.from(bytesHex, 'hex');
        assert.equal(
          await statementMatches(sharedKeyOf(key), signed, Buffer.from(signature, 'base64url')),
          valid,
        );
        assert.equal(await webCryptoAccepts(key, signed, Buffer.from(signature, 'base64url')), valid);
      });
    }
  });
}

test('the valid committed vectors are accepted by openssl', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'canopy-vectors-'));
  const file = (name: string) => path.join(dir, name);
  try {
    for (const { name, key, bytesHex, signature } of committed.vectors.filter(({ valid }) => valid)) {
      const raw = Buffer.from(signature, 'base64url');
      const type = publicKeyOf(key).asymmetricKeyType;
      writeFileSync(file('key.pem'), toPem(Buffer.from(committed.keys[key].spki, 'base64'), 'PUBLIC KEY'));
      writeFileSync(file('signed'), Buffer.from(bytesHex, 'hex'));
      writeFileSync(file('signature'), type === 'ec' ? toDer(raw) : raw);
      const digest = type === 'ed25519' ? [] : ['-digest', key === 'p384' ? 'sha384' : 'sha256'];
      // biome-ignore format: one option with its value a line reads worse
      const output = execFileSync('openssl', [
        'pkeyutl', '-verify', '-pubin', '-inkey', file('key.pem'), '-rawin', ...digest,
        '-in', file('signed'), '-sigfile', file('signature'),
      ]);
      assert.match(output.toString(), /Verified Successfully/, name);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** What a browser says. */
async function webCryptoAccepts(name: KeyName, signed: Buffer, signature: Buffer): Promise<boolean> {
  const p384 = name === 'p384';
  const algorithm =
    name === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : name === 'ed25519'
        ? { name: 'Ed25519' }
        : { name: 'ECDSA', namedCurve: p384 ? 'P-384' : 'P-256', hash: p384 ? 'SHA-384' : 'SHA-256' };
  const spki = new Uint8Array(Buffer.from(committed.keys[name].spki, 'base64'));
  const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
  return crypto.subtle.verify(algorithm, key, new Uint8Array(signature), new Uint8Array(signed));
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3) of a raw signature, minimal integers. */
function toDer(raw: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const minimal = bytes.subarray(start);
    const content = (minimal[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), minimal]) : minimal;
    return Buffer.concat([Buffer.of(0x02, content.length), content]);
  };
  const half = raw.length / 2;
  const content = Buffer.concat([integer(raw.subarray(0, half)), integer(raw.subarray(half))]);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
