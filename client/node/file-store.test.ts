import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StoredIdentity } from '../sdk/index.ts';
import { fileStore } from './index.ts';

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const KEYS: Record<string, { key: AlgorithmIdentifier | RsaHashedKeyGenParams; sign: AlgorithmIdentifier }> =
  {
    'P-256': {
      key: { name: 'ECDSA', namedCurve: 'P-256' } as EcKeyGenParams,
      sign: { name: 'ECDSA', hash: 'SHA-256' } as EcdsaParams,
    },
    'P-384': {
      key: { name: 'ECDSA', namedCurve: 'P-384' } as EcKeyGenParams,
      sign: { name: 'ECDSA', hash: 'SHA-384' } as EcdsaParams,
    },
    RSA: { key: RSA, sign: 'RSASSA-PKCS1-v1_5' },
    Ed25519: { key: 'Ed25519', sign: 'Ed25519' },
  };

async function keyPair(type: string): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey(KEYS[type]?.key as EcKeyGenParams, true, ['sign', 'verify']);
  return pair as CryptoKeyPair;
}

async function identity(origin: string, deviceKey?: CryptoKey): Promise<StoredIdentity> {
  const key = deviceKey ?? (await keyPair('P-256')).privateKey;
  return { version: 1, origin, displayName: 'Ann', chain: ['AA=='], deploymentCa: 'AA==', deviceKey: key };
}

describe('fileStore()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-file-store-'));
  });
  after(() => rm(folder, { recursive: true }));

  for (const type of Object.keys(KEYS)) {
    it(`stores ${type} keys that still sign, also when loaded by another program`, async () => {
      const file = join(folder, type, 'identity.json');
      const [device, account] = [await keyPair(type), await keyPair('P-256')];
      const stored = {
        ...(await identity('https://meet.example', device.privateKey)),
        accountKey: account.privateKey,
      };
      await fileStore(file).save(stored);
      const loaded = await fileStore(file).load('https://meet.example');
      assert.ok(loaded?.accountKey);
      const data = new Uint8Array([1, 2, 3]);
      const sign = KEYS[type]?.sign as AlgorithmIdentifier;
      const signature = await crypto.subtle.sign(sign, loaded.deviceKey, data);
      assert.ok(await crypto.subtle.verify(sign, device.publicKey, signature, data));
      const { deviceKey, accountKey, ...rest } = loaded;
      assert.deepEqual(rest, {
        version: 1,
        origin: 'https://meet.example',
        displayName: 'Ann',
        chain: ['AA=='],
        deploymentCa: 'AA==',
      });
    });
  }

  it('writes a file that only its owner can read, and leaves no other files', async () => {
    const file = join(folder, 'modes', 'identity.json');
    await fileStore(file).save(await identity('https://meet.example'));
    await fileStore(file).save(await identity('https://other.example'));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'modes'))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(folder, 'modes')), ['identity.json']);
  });

  it('refuses a file that others can read', async () => {
    const file = join(folder, 'open', 'identity.json');
    const store = fileStore(file);
    await store.save(await identity('https://meet.example'));
    await chmod(file, 0o644);
    await assert.rejects(store.load('https://meet.example'), /readable by others/);
    await assert.rejects(store.save(await identity('https://meet.example')), /readable by others/);
    await chmod(file, 0o600);
    assert.ok(await store.load('https://meet.example'));
  });

  it('keeps one identity per server despite concurrent changes', async () => {
    const store = fileStore(join(folder, 'several', 'identity.json'));
    assert.equal(await store.load('https://a.example'), undefined);
    const origins = ['a', 'b', 'c', 'd'].map((name) => `https://${name}.example`);
    await Promise.all(origins.map(async (origin) => store.save(await identity(origin))));
    await store.remove('https://b.example');
    const kept = await Promise.all(origins.map(async (origin) => (await store.load(origin))?.origin));
    assert.deepEqual(kept, ['https://a.example', undefined, 'https://c.example', 'https://d.example']);
  });

  it('refuses keys that cannot be exported', async () => {
    const store = fileStore(join(folder, 'locked', 'identity.json'));
    assert.ok(store.needsExtractableKeys);
    const { privateKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
    ])) as CryptoKeyPair;
    await assert.rejects(store.save(await identity('https://meet.example', privateKey)));
  });
});
